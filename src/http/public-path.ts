import type { RequestHandler, Response } from 'express';

/** The path of the public address, without a slash at its end: `/phone`, or nothing where Offhook has the host alone. */
export const publicPathOf = (publicUrl: string): string => new URL(publicUrl).pathname.replace(/\/$/, '');

/**
 * A target as our routes know it. A proxy may keep the public path or strip it, and both are understood: no path of ours
 * begins as a public path does, which the configuration sees to.
 */
export const withoutPublicPath = (target: string, publicPath: string): string => {
  if (publicPath === '' || !target.startsWith(publicPath)) return target;
  const rest = target.slice(publicPath.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : target;
};

/** A local address as it is handed out: under the public path, whether it was written with it or without. */
export const underPublicPath = (address: string, publicPath: string): string =>
  publicPath + withoutPublicPath(address, publicPath);

/** Gives the routes after it `originalUrl` as the browser has it, whatever the proxy left of it, and `setLocation` its path. */
export const standUnderPublicPath = (publicUrl: string): RequestHandler => {
  const publicPath = publicPathOf(publicUrl);
  return (request, response, next) => {
    request.originalUrl = underPublicPath(request.originalUrl, publicPath);
    response.locals['publicPath'] = publicPath;
    next();
  };
};

/** Where a redirect leads within Offhook. `standUnderPublicPath` comes before. */
export const setLocation = (response: Response, address: string): Response => {
  const publicPath = (response.locals['publicPath'] ?? '') as string;
  return response.set('Location', underPublicPath(address, publicPath));
};
