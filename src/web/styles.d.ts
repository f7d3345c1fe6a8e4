/** Styles that a module brings along: the build takes them. */
declare module '*.css';
