import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import type { Response } from 'express';
import { assetsPath } from './assets.ts';

/** What each view shows. Every text is escaped by the template. */
export interface PageData {
  /** `parameters` travel on as hidden inputs; `error` is one plain sentence. */
  readonly login: { readonly parameters: Readonly<Record<string, string>>; readonly error?: string };
  readonly grant: {
    readonly parameters: Readonly<Record<string, string>>;
    readonly client: { readonly name: string };
    readonly scopes: readonly { readonly name: string; readonly description: string }[];
    readonly username: string;
    /** Where the answer goes: the host of the redirect URI. */
    readonly redirectHost: string;
  };
  readonly error: { readonly title: string; readonly detail: string };
  readonly home: { readonly publicUrl: string; readonly sandbox: boolean; readonly username: string | undefined };
  readonly test: {
    readonly publicUrl: string;
    readonly sandbox: boolean;
    readonly numbers: readonly { readonly number: string; readonly behaviour: string }[];
  };
}

/** A view with its data and the status it is sent with. */
export type Page = {
  [View in keyof PageData]: { readonly view: View; readonly status: number; readonly data: PageData[View] };
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
  return (response, page) => {
    const html = eta.render(`@${page.view}`, { ...page.data, assets });
    response.status(page.status).vary('Accept').type('html').send(html);
  };
};
