import { Router } from 'express';
import { statusOf } from '../../../http/problem.ts';
import type { AppError } from '../../../shared/errors.ts';
import {
  forLoggedIn,
  noticeFor,
  type PageRequest,
  reloadOf,
  replyDone,
  show,
} from '../../../web/login/page-request.ts';
import { readBody } from '../../../web/page/page-body.ts';
import { isoTime } from '../../../web/page/page-data.ts';
import type { SoundView } from '../../../web/page/project-page-data.ts';
import type { Sound } from '../model.ts';
import { actorOf, type ProjectPageParts, PROJECTS } from './page-parts.ts';
import { isRefusal } from './project-form.ts';
import { readUpload, uploadIn } from './sound-upload.ts';

const path = `${PROJECTS}/sounds`;
const notices = { uploaded: 'The sound is kept: a step plays it by its name.', deleted: 'The sound is deleted.' };

const soundView = ({ name, durationMs, bytes, changedAt }: Sound): SoundView => ({
  name,
  seconds: (durationMs / 1000).toFixed(1),
  kilobytes: (bytes / 1024).toFixed(0),
  changed_at: isoTime(changedAt),
});

/** `/management/projects/sounds`: what scripts can play. */
export class SoundPages {
  readonly #parts: ProjectPageParts;

  constructor(parts: ProjectPageParts) {
    this.#parts = parts;
  }

  routes(): Router {
    const loggedIn = forLoggedIn(this.#parts);
    return Router()
      .get(
        path,
        loggedIn((page) => this.#list(page)),
      )
      .post(
        path,
        readUpload,
        loggedIn((page) => this.#upload(page)),
      )
      .get(
        `${path}/:name.wav`,
        loggedIn((page) => this.#send(page)),
      )
      .get(
        `${path}/:name/delete`,
        loggedIn((page) => this.#askToDelete(page)),
      )
      .post(
        `${path}/:name/delete`,
        readBody,
        loggedIn((page) => this.#delete(page)),
      );
  }

  async #list(page: PageRequest, refused?: { readonly error: AppError; readonly typed: string }): Promise<void> {
    const sounds = (await this.#parts.jobs.sounds(actorOf(page))).map(soundView);
    const status = refused === undefined ? 200 : statusOf(refused.error);
    const said = { fault: refused?.error.message, typed: refused?.typed ?? '', notice: noticeFor(page, notices) };
    const data = { sounds, ...said, ...reloadOf(status, path) };
    show(this.#parts.renderPage, page, { page: { view: 'sounds', status, data }, json: { sounds } });
  }

  async #upload(page: PageRequest): Promise<void> {
    let typed = '';
    try {
      const { name, file } = await uploadIn(page.request);
      typed = name;
      await this.#parts.jobs.putSound(actorOf(page), name, file);
    } catch (error) {
      if (!isRefusal(error) || page.wants === 'json') throw error;
      await this.#list(page, { error, typed });
      return;
    }
    replyDone(page, `${path}?done=uploaded`);
  }

  async #send(page: PageRequest): Promise<void> {
    const { file } = await this.#parts.jobs.sound(actorOf(page), nameIn(page));
    page.response.type('audio/wav').send(Buffer.from(file));
  }

  async #askToDelete(page: PageRequest): Promise<void> {
    const { sound } = await this.#parts.jobs.sound(actorOf(page), nameIn(page));
    const data = {
      title: `Delete the sound ${sound.name}?`,
      text: 'A script that plays it will not run any more. This cannot be undone.',
      action: `${path}/${sound.name}/delete`,
      button: 'Delete it',
      back: path,
    };
    show(this.#parts.renderPage, page, { page: { view: 'confirm', status: 200, data }, json: soundView(sound) });
  }

  async #delete(page: PageRequest): Promise<void> {
    await this.#parts.jobs.deleteSound(actorOf(page), nameIn(page));
    replyDone(page, `${path}?done=deleted`);
  }
}

const nameIn = ({ request }: PageRequest): string => String(request.params['name']);
