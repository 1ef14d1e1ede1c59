import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';
import type { Response } from 'express';
import { publicPathOf, underPublicPath } from '../../http/public-path.ts';
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

export interface PageRendererOptions {
  /** Absolute; the templates (`*.eta`) and their `assets` folder. */
  readonly viewsDirectory: string;
  readonly publicUrl: string;
}

const EXTENSION = '.eta';

/** A local address as the value of an attribute: written out, or an expression that gives the whole of it or its beginning. */
const ADDRESS = /(\s(?:href|src|action|formaction|data-reload)=")(?:(?=\/)|<%=(.+?)%>)/g;

/** Views write addresses as if Offhook stood at the root of its host; here they get the public path, once and for all. */
const standUnder = (publicPath: string, template: string): string =>
  template.replace(ADDRESS, (_match, attribute: string, expression?: string) =>
    expression === undefined ? attribute + publicPath : `${attribute}<%= local(${expression}) %>`,
  );

/** Gives the templates `local`, which puts the public path before an address of ours. */
class Templates extends Eta {
  readonly #publicPath: string;

  constructor(publicPath: string) {
    super({ cache: true, functionHeader: 'const local = (address) => this.local(address);' });
    this.#publicPath = publicPath;
  }

  local(address: unknown): string {
    const text = String(address);
    return text.startsWith('/') ? underPublicPath(text, this.#publicPath) : text;
  }
}

/** Compiles every template at once, so that a mistake in one stops the start and no request waits for the disk. */
const compileViews = ({ viewsDirectory, publicUrl }: PageRendererOptions): Eta => {
  const publicPath = publicPathOf(publicUrl);
  const eta = new Templates(publicPath);
  for (const file of readdirSync(viewsDirectory).filter((name) => name.endsWith(EXTENSION))) {
    const template = eta.compile(standUnder(publicPath, readFileSync(join(viewsDirectory, file), 'utf8')));
    eta.loadTemplate(`@${file.slice(0, -EXTENSION.length)}`, template);
  }
  return eta;
};

export const createPageRenderer = (options: PageRendererOptions): RenderPage => {
  const eta = compileViews(options);
  const assets = assetsPath(options.viewsDirectory);
  return (response, { view, status, data, visitor }) => {
    const html = eta.render(`@${view}`, { ...data, visitor, view, assets });
    response.status(status).vary('Accept').type('html').send(html);
  };
};
