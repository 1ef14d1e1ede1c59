import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { Router } from 'express';

const folderOf = (viewsDirectory: string): string => join(viewsDirectory, 'assets');

/**
 * The address under which pages find the style sheet and the modules. It names their content, so a browser may keep
 * them for ever; modules import each other by relative paths and so stay under the same name.
 */
export const assetsPath = (viewsDirectory: string): string => {
  const hash = createHash('sha256');
  const folder = folderOf(viewsDirectory);
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  return `/assets/${hash.digest('base64url').slice(0, 12)}`;
};

/**
 * Serves `views/assets`. A name of another version (a page that was open during an update) gets the present files,
 * with their ETag, but is not kept.
 */
export const createAssetsRouter = (options: { readonly viewsDirectory: string }): Router => {
  const folder = folderOf(options.viewsDirectory);
  const files = { index: false, redirect: false, dotfiles: 'ignore', cacheControl: false } as const;
  const router = Router();
  router.use('/assets', (_request, response, next) => {
    response.set('X-Content-Type-Options', 'nosniff');
    next();
  });
  router.use(
    assetsPath(options.viewsDirectory),
    express.static(folder, {
      ...files,
      setHeaders: (response) => response.setHeader('Cache-Control', 'public, max-age=31536000, immutable'),
    }),
  );
  router.use(
    '/assets/:version',
    express.static(folder, { ...files, setHeaders: (response) => response.setHeader('Cache-Control', 'no-cache') }),
  );
  return router;
};
