import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import type { Response } from 'express';
import type { User } from '../../oauth/model/account-stores.ts';
import { assetsPath } from './assets.ts';
import type { PageData } from './page-data.ts';

/** The user who is logged in: the layout links to what there is for that role. */
export type Visitor = Pick<User, 'username' | 'role'>;

/** A view with its data and the status it is sent with. */
export type Page = {
  [View in keyof PageData]: {
    readonly view: View;
    readonly status: number;
    readonly data: PageData[View];
    readonly visitor?: Visitor | undefined;
  };
}[keyof PageData];

/** Sends a page. Headers that were set before stay. */
export type RenderPage = (response: Response, page: Page) => void;

const EXTENSION = '.eta';

/** Compiles every template at once, so that a mistake in one stops the start and no request waits for the disk. */
const compileViews = (viewsDirectory: string): Eta => {
  const eta = new Eta({ cache: true });
  for (const file of readdirSync(viewsDirectory).filter((name) => name.endsWith(EXTENSION))) {
    const template = eta.compile(readFileSync(join(viewsDirectory, file), 'utf8'));
    eta.loadTemplate(`@${file.slice(0, -EXTENSION.length)}`, template);
  }
  return eta;
};

/** @param options.viewsDirectory - absolute; the templates (`*.eta`) and their `assets` folder */
export const createPageRenderer = (options: { readonly viewsDirectory: string }): RenderPage => {
  const eta = compileViews(options.viewsDirectory);
  const assets = assetsPath(options.viewsDirectory);
  return (response, { view, status, data, visitor }) => {
    const html = eta.render(`@${view}`, { ...data, visitor, view, assets });
    response.status(status).vary('Accept').type('html').send(html);
  };
};
