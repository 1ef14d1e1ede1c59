/** The service may stand under a path of its host. This module is at `assets/VERSION/` below it. */
const ROOT = new URL('../..', import.meta.url).href;

/** An address of the service, given from its root, at the origin and under the path that this page came from. */
export const localAddress = (address) => ROOT + address.slice(1);
