/** Outlines of 24 by 24, in the colour of the text beside them. */
const PATHS = {
  phone:
    'M6.6 3.5c.5-.2 1 0 1.3.4l1.9 3c.3.4.2 1-.2 1.3L8.2 9.6a11.5 11.5 0 0 0 6.2 6.2l1.4-1.4c.4-.4.9-.4 1.3-.2l3 1.9c.4.3.6.8.4 1.3-.6 1.9-2.4 3.2-4.4 3.1C9.3 20 4 14.7 3.5 7.9c-.1-2 1.2-3.8 3.1-4.4z',
  hangUp:
    'M2.6 14.9c-.6-.6-.6-1.6 0-2.3 5.2-5 13.6-5 18.8 0 .6.7.6 1.7 0 2.3l-1.5 1.5c-.4.4-1 .5-1.5.2l-2.5-1.5c-.5-.3-.7-.9-.5-1.4l.5-1.4a12 12 0 0 0-7.8 0l.5 1.4c.2.5 0 1.1-.5 1.4l-2.5 1.5c-.5.3-1.1.2-1.5-.2z',
  mic: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5.5 11a6.5 6.5 0 0 0 13 0M12 17.5V21',
  micOff:
    'M9 9v2a3 3 0 0 0 5 2.2M15 10V6a3 3 0 0 0-5.7-1.3M5.5 11a6.5 6.5 0 0 0 10.3 5.3M18.5 11a6.4 6.4 0 0 1-.5 2.5M12 17.5V21M4 4l16 16',
  pause: 'M9 5v14M15 5v14',
  play: 'M8 5l11 7-11 7z',
  keypad: 'M6 5h.01M12 5h.01M18 5h.01M6 12h.01M12 12h.01M18 12h.01M6 19h.01M12 19h.01M18 19h.01',
  transfer: 'M4 12h15M13 6l6 6-6 6',
  sound: 'M4 10v4h3.5L12 18V6l-4.5 4zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11',
  help: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  close: 'M6 6l12 12M18 6L6 18',
  alert: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5a7.5 7.5 0 0 1 15 0',
  team: 'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 19.5a6.5 6.5 0 0 1 13 0M16 5a3.5 3.5 0 0 1 0 6.4M18.5 14.5a6.5 6.5 0 0 1 3 5',
} as const;

export type IconName = keyof typeof PATHS;

/** Says nothing to a screen reader: the text beside it does. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
