import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian has it where only root looks. */
const NGINX = '/usr/sbin/nginx';

const run = async (command: string, words: readonly string[], cwd: string): Promise<void> => {
  const child = spawn(command, words, { cwd, stdio: 'ignore' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${command} ended with ${code}`);
};

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

export interface Nginx {
  stop(): Promise<void>;
}

/** One server with TLS, its certificate signed by itself; `lines` stand in its `server` block. */
export const startNginx = async (port: number, lines: string): Promise<Nginx> => {
  const directory = await mkdtemp(join(tmpdir(), 'offhook-nginx-'));
  const [key, certificate] = [join(directory, 'tls.key'), join(directory, 'tls.crt')];
  const self = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', key, '-out', certificate];
  await run('openssl', ['req', '-x509', ...self], directory);
  const file = join(directory, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    file,
    `pid ${directory}/nginx.pid;
    error_log ${directory}/error.log;
    events {}
    http {
      ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join('\n')}
      access_log off;
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${certificate};
        ssl_certificate_key ${key};
        ${lines}
      }
    }`,
  );
  const nginx = spawn(NGINX, ['-c', file, '-g', 'daemon off;'], { stdio: 'inherit' });
  const ended = once(nginx, 'exit');
  while (!(await accepts(port))) {
    if (nginx.exitCode !== null) throw new Error(`nginx ended with ${nginx.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    stop: async () => {
      nginx.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true });
    },
  };
};
