/** The path of the resource that our tokens are for. */
export const RESOURCE_PATH = '/rest/call';

/** Where the calls are: the resource that access tokens are for (RFC 9068 section 2.2, RFC 9728 section 2). */
export const resourceOf = (publicUrl: string): string => `${publicUrl}${RESOURCE_PATH}`;
