/** The first line of what mocha says, which the host's own lines surround. */
export const REPORT = 'Tests inside the extension host:';
