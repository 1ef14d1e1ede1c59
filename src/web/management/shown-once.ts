import { Router } from 'express';
import type { Authorization } from '../../oauth/authorization.ts';
import type { KeptReplyKey } from '../../oauth/model/kept-reply-store.ts';
import { hashSecret } from '../../oauth/model/secrets.ts';
import type { WallClock } from '../../shared/clock.ts';
import type { IdSource } from '../../shared/ids.ts';
import {
  forLoggedIn,
  identifierOf,
  type PageRequest,
  type PageRequestDeps,
  seeOther,
  show,
} from '../login/page-request.ts';
import { sessionHash } from '../login/session.ts';
import { SecretGoneError } from '../page/errors.ts';
import { formIdOf } from '../page/page-body.ts';
import { isoTime, type SecretView } from '../page/page-data.ts';
import type { RenderPage } from '../page/page-renderer.ts';

export interface ShownOnceDeps extends Pick<Authorization, 'keptReplies'> {
  readonly renderPage: RenderPage;
  readonly clock: WallClock;
  readonly ids: IdSource;
}

/** What a request made, as a page and as JSON show it. */
export interface MadeSecret {
  readonly data: Omit<SecretView, 'id' | 'until'>;
  readonly json: object;
}

const LIFETIME_MS = 10 * 60 * 1000;
const FORM_ID_BITS = 128;
const LIST = '/management/api';
const path = '/management/secrets';

const keyOf = ({ request, user }: PageRequest, id: string): KeptReplyKey => ({
  sessionHash: sessionHash(request),
  userId: user.id,
  name: `secret ${id}`,
});

/**
 * Secrets that are shown once: on a page of their own, that a reload shows again for ten minutes in this session. They are
 * kept sealed, and never in an address. The form that asks for one carries an id: sent twice, it makes one.
 */
export class ShownOnce {
  readonly #deps: ShownOnceDeps;

  constructor(deps: ShownOnceDeps) {
    this.#deps = deps;
  }

  /** For the `form_id` of a form that makes a secret. */
  newFormId(): string {
    return this.#deps.ids.random(FORM_ID_BITS);
  }

  /**
   * Makes a secret, and leads a browser to the page that shows it; a program has it at once, with the status.
   * @throws Error as `make` does
   */
  async reply(pageRequest: PageRequest, status: 200 | 201, make: () => Promise<MadeSecret>): Promise<void> {
    const { request, response, wants } = pageRequest;
    if (wants === 'json') {
      const { json } = await make();
      response.status(status).vary('Accept').json(json);
      return;
    }
    const id = this.#idOf(pageRequest, formIdOf(request) ?? this.newFormId());
    const key = keyOf(pageRequest, id);
    await this.#deps.keptReplies.once({ key, lifetimeMs: LIFETIME_MS }, async () => {
      const { data } = await make();
      const until = isoTime(this.#deps.clock.now() + LIFETIME_MS);
      return JSON.stringify({ ...data, id, until } satisfies SecretView);
    });
    seeOther(response, `${path}/${id}`);
  }

  /** `/management/secrets/:id`: the page, and the end of what it shows. */
  pages(deps: PageRequestDeps): Router {
    const loggedIn = forLoggedIn(deps);
    return Router()
      .get(
        `${path}/:id`,
        loggedIn((pageRequest) => this.#show(pageRequest)),
      )
      .post(
        `${path}/:id/erase`,
        loggedIn((pageRequest) => this.#erase(pageRequest)),
      );
  }

  async #show(pageRequest: PageRequest): Promise<void> {
    const kept = await this.#deps.keptReplies.find(keyOf(pageRequest, identifierOf(pageRequest)));
    if (kept === undefined) throw new SecretGoneError();
    const data = JSON.parse(kept) as SecretView;
    show(this.#deps.renderPage, pageRequest, { page: { view: 'secret', status: 200, data }, json: data });
  }

  async #erase(pageRequest: PageRequest): Promise<void> {
    await this.#deps.keptReplies.forget(keyOf(pageRequest, identifierOf(pageRequest)));
    seeOther(pageRequest.response, `${LIST}?done=erased`);
  }

  /** The same for the same form with the same fields. It stands in the address, and shows nothing to another session. */
  #idOf({ request }: PageRequest, formId: string): string {
    return hashSecret(JSON.stringify([request.path, formId, request.body ?? null]));
  }
}
