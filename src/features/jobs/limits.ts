/** As many as one user may have. */
export const MOST_PROJECTS = 100;
export const MOST_SOUNDS = 100;
/** Jobs that wait. */
export const MOST_QUEUED = 20;
