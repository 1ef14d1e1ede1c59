import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import { BodyTooLargeError, InvalidRequestError } from './errors.ts';

/** It needs nothing of Express but the name: it leaves the body on a bare request, too. */
type ReadRaw = (
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  done: (error?: unknown) => void,
) => void;

interface Receipt {
  readonly response: ServerResponse;
  readonly limitBytes: number;
}

/** A body that is compressed: rare, and a library's work. */
const receiveEncoded = (
  request: IncomingMessage & { body?: unknown },
  { response, limitBytes }: Receipt,
): Promise<Buffer> => {
  const readRaw = express.raw({ type: () => true, limit: limitBytes, inflate: true }) as unknown as ReadRaw;
  return new Promise((resolve, reject) => {
    readRaw(request, response, (error) => {
      if (error !== undefined) reject(error instanceof Error ? error : new Error('the body cannot be read'));
      else resolve(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0));
    });
  });
};

/** What is too long is read on and dropped, so that the client gets to read why, and the connection ends with the reply. */
const receivePlain = (request: IncomingMessage, { response, limitBytes }: Receipt): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limitBytes) {
        chunks.push(chunk);
        return;
      }
      response.shouldKeepAlive = false;
      reject(new BodyTooLargeError());
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.on('error', (cause) => reject(new InvalidRequestError('The body was cut off.', { cause })));
  });

/**
 * Reads a body whole.
 * @throws BodyTooLargeError when it is longer than the limit
 * @throws InvalidRequestError when the client cuts it off
 * @throws Error of body-parser, with a `status`, for one that is compressed
 */
export const receiveBody = (request: IncomingMessage, receipt: Receipt): Promise<Buffer> =>
  request.headers['content-encoding'] === undefined ? receivePlain(request, receipt) : receiveEncoded(request, receipt);
