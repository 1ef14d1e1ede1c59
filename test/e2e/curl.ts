import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** What curl showed of an answer. A header that is missing is empty. */
export interface Answer {
  /** As it stands in the first line: `HTTP/1.1 200 OK`. */
  readonly status: string;
  readonly location: string;
  readonly type: string;
  /** The service's own time, in milliseconds. */
  readonly date: number;
  readonly body: string;
}

const answerOf = (printed: string): Answer => {
  const [head = '', ...rest] = printed.split('\r\n\r\n');
  const header = (name: string): string => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';
  return {
    status: head.split('\r\n')[0] ?? '',
    location: header('Location'),
    type: header('Content-Type'),
    date: Date.parse(header('Date')),
    body: rest.join('\r\n\r\n'),
  };
};

/** People at a terminal whose curl shows the head of each answer. */
export class Terminal {
  readonly #homes: string;

  private constructor(homes: string) {
    this.#homes = homes;
  }

  static async open(): Promise<Terminal> {
    return new Terminal(await mkdtemp(join(tmpdir(), 'offhook-curl-')));
  }

  /**
   * Runs a command line as it is written.
   * @param who - keeps cookies of their own; without one there are none
   * @throws Error with what curl had to complain of
   */
  async run(line: string, who?: string): Promise<Answer> {
    const home = join(this.#homes, who ?? 'without-cookies');
    await mkdir(home, { recursive: true });
    const cookies = who === undefined ? '' : `cookie = "${home}/jar"\ncookie-jar = "${home}/jar"\n`;
    await writeFile(join(home, '.curlrc'), `silent\nshow-error\ninclude\n${cookies}`);
    const child = spawn('bash', ['--norc', '-c', line], { env: { PATH: process.env['PATH'], HOME: home } });
    const ended = once(child, 'close');
    const [printed, said] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    if (said !== '') throw new Error(`${line}: ${said}`);
    return answerOf(printed);
  }

  /** A request that is written without curl: `GET http://...`. */
  send(request: string, options: { readonly who: string; readonly body?: string }): Promise<Answer> {
    const [method, address] = request.split(' ');
    const data = options.body === undefined ? '' : ` -d '${options.body}'`;
    return this.run(`curl -X ${method} '${address}'${data}`, options.who);
  }

  async close(): Promise<void> {
    await rm(this.#homes, { recursive: true });
  }
}
