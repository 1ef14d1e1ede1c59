import { Busboy } from '@fastify/busboy';
import express, { type Request, type RequestHandler } from 'express';
import { InvalidSoundError } from '../errors.ts';

const FORM_WITH_FILE = 'multipart/form-data';

/** A file of 4 MiB, which is refused behind it in words, and its form around it. */
export const readUpload: RequestHandler = express.raw({ type: FORM_WITH_FILE, limit: '5mb' });

interface Upload {
  readonly name: string;
  readonly file: Uint8Array;
}

/** Without a name, the file's own stands for it. */
const nameFrom = (typed: string, fileName: string): string =>
  typed !== ''
    ? typed
    : fileName
        .replace(/\.wav$/i, '')
        .toLowerCase()
        .replace(/[^a-z0-9_-]+/g, '-')
        .replace(/^[-_]+/, '');

/** One name and one file: of more, the first. */
const parse = (body: Buffer, contentType: string): Promise<Upload> =>
  new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const said = { typed: '', fileName: '' };
    const form = new Busboy({
      headers: { 'content-type': contentType },
      limits: { fields: 4, files: 1, fieldSize: 256, headerPairs: 20 },
    });
    form.on('field', (field, value) => {
      if (field === 'name') said.typed = value.trim();
    });
    form.on('file', (_field, stream, fileName) => {
      said.fileName = fileName;
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.on('error', reject);
    });
    form.on('error', reject);
    form.on('finish', () => resolve({ name: nameFrom(said.typed, said.fileName), file: Buffer.concat(parts) }));
    form.end(body);
  });

/**
 * The sound that a form brings.
 * @throws InvalidSoundError where there is none, or the form is broken off
 */
export const uploadIn = async (request: Request): Promise<Upload> => {
  const body: unknown = request.body;
  if (!Buffer.isBuffer(body)) throw new InvalidSoundError('Choose a WAV file to upload.');
  const upload = await parse(body, request.get('Content-Type') ?? '').catch((cause: unknown) => {
    throw new InvalidSoundError('The form could not be read.', { cause });
  });
  if (upload.file.length === 0) throw new InvalidSoundError('Choose a WAV file to upload.');
  return upload;
};
