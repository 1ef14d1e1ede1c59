/**
 * Where to go after a login without an application: an address of ours, or the start page. Everything that a browser could
 * take for another host (`//evil`, `/\evil`) is no address of ours.
 */
export const localAddress = (asked: string | undefined, publicUrl: string): string => {
  if (asked === undefined || !/^\/(?![/\\])[\x21-\x7e]*$/.test(asked) || asked.includes('\\')) return '/';
  const { origin } = new URL(publicUrl);
  return URL.canParse(asked, origin) && new URL(asked, origin).origin === origin ? asked : '/';
};
