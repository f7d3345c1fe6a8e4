/** One line for people; a step that takes long shows that it goes on. */
export const say = (line) => process.stdout.write(`${line}\n`);

/** Leaves the line that a progress display has begun. */
export function restoreLine() {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[2K');
}

/** Ends with one clear line that says what to do. */
export function fail(line) {
  restoreLine();
  process.stderr.write(`dce: ${line}\n`);
  process.exit(1);
}

/** Shows `text` and a changing detail on one line of a terminal; a line every ten seconds elsewhere. */
export function progress(text) {
  const startedAt = Date.now();
  let last = 0;
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  if (!process.stdout.isTTY) say(`${text} …`);
  return {
    update(detail) {
      const now = Date.now();
      if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${text} ${detail} (${seconds()} s)`);
      else if (now - last > 10_000 && now - startedAt > 5_000) {
        last = now;
        say(`  ${detail} (${seconds()} s)`);
      }
    },
    done() {
      if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${text}: done in ${seconds()} s\n`);
      else say(`  done in ${seconds()} s`);
    },
  };
}
