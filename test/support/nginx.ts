export interface NginxPlaces {
  /** Where its files go, `offhook-tls.key` and `offhook-tls.crt` among them. */
  readonly directory: string;
  readonly https: number;
  readonly http: number;
  /** The port of Offhook. */
  readonly service: number;
}

/**
 * A block of docs/operate.md with what Debian has around it, and with other ports and files.
 * @param more - what stands in front of `http`
 */
export const nginxConfiguration = (block: string, places: NginxPlaces, more = ''): string => {
  const { directory, https, http, service } = places;
  return [
    `pid ${directory}/nginx.pid;\nerror_log ${directory}/error.log;\n${more}\nevents {}\nhttp {`,
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`),
    block
      .replaceAll('/etc/ssl/offhook-tls', `${directory}/offhook-tls`)
      .replaceAll('/var/log/nginx', directory)
      .replaceAll('http://127.0.0.1:8888', `http://127.0.0.1:${service}`)
      .replaceAll('listen 443', `listen 127.0.0.1:${https}`)
      .replaceAll('listen 80', `listen 127.0.0.1:${http}`),
    '}',
  ].join('\n');
};
