import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

const AT = /"at":"([^"]+)"/g;

/** Streams that are read as fast as they come. */
export class Readers {
  readonly #requests: ClientRequest[] = [];
  /** From the date of a change to its arrival here, of the streams that are measured. */
  readonly delaysMs: number[] = [];
  bytes = 0;

  /** @param how - `measured`: what it brings is dated; that costs */
  async open(
    port: number,
    token: string,
    { query, how }: { query: string; how: 'measured' | 'counted' },
  ): Promise<void> {
    const headers = { Authorization: `Bearer ${token}` };
    const sent = request({ port, path: `/rest/call/events${query}`, headers, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`a stream was refused: ${response.statusCode}`);
    sent.on('error', () => undefined);
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (how === 'measured') this.#date(chunk);
    });
    this.#requests.push(sent);
  }

  close(): void {
    for (const each of this.#requests.splice(0)) each.destroy();
  }

  #date(chunk: Buffer): void {
    const now = Date.now();
    for (const [, at = ''] of chunk.toString('latin1').matchAll(AT)) this.delaysMs.push(now - Date.parse(at));
  }
}
