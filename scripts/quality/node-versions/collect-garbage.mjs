// Loaded before the service: garbage is collected all the time, and what a finalizer does wrong shows at once. Says the
// service's process, which npm, the shell and the compiler around it are not.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

if (process.argv[1]?.endsWith('offhook.mjs')) {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  setInterval(collect, 20).unref();
  console.error(`process ${process.pid}`);
}
