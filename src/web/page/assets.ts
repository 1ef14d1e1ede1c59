import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import express, { type RequestHandler, Router } from 'express';

const folderOf = (viewsDirectory: string): string => join(viewsDirectory, 'assets');

/** Libraries of the browser: what they are called here, and where they lie. */
const libraries: ReadonlyMap<string, string> = new Map(
  Object.entries({ 'uplot.js': 'uplot/dist/uPlot.esm.js', 'uplot.css': 'uplot/dist/uPlot.min.css' }).map(
    ([name, file]) => [name, createRequire(import.meta.url).resolve(file)],
  ),
);

/**
 * The address under which pages find the style sheet and the modules. It names their content, so a browser may keep
 * them for ever; modules import each other by relative paths and so stay under the same name.
 */
export const assetsPath = (viewsDirectory: string): string => {
  const hash = createHash('sha256');
  const folder = folderOf(viewsDirectory);
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  for (const file of libraries.values()) hash.update(readFileSync(file));
  return `/assets/${hash.digest('base64url').slice(0, 12)}`;
};

/** Kept by a browser for ever, or asked for again each time. */
type Keeping = 'public, max-age=31536000, immutable' | 'no-cache';

/** The files under one name of a version. */
const serve = (folder: string, keeping: Keeping): RequestHandler[] => {
  const sendLibrary: RequestHandler = (request, response, next) => {
    const file = libraries.get(request.path.slice(1));
    if (file === undefined) next();
    else response.set('Cache-Control', keeping).sendFile(file, { cacheControl: false, dotfiles: 'allow' });
  };
  const sendOwn = express.static(folder, {
    ...{ index: false, redirect: false, dotfiles: 'ignore', cacheControl: false },
    setHeaders: (response) => response.setHeader('Cache-Control', keeping),
  });
  return [sendLibrary, sendOwn];
};

/**
 * Serves `views/assets`. A name of another version (a page that was open during an update) gets the present files,
 * with their ETag, but is not kept.
 */
export const createAssetsRouter = (options: { readonly viewsDirectory: string }): Router => {
  const folder = folderOf(options.viewsDirectory);
  const router = Router();
  router.use('/assets', (_request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff');
    next();
  });
  router.use(assetsPath(options.viewsDirectory), ...serve(folder, 'public, max-age=31536000, immutable'));
  router.use('/assets/:version', ...serve(folder, 'no-cache'));
  return router;
};
