import { Gauge, type Registry } from 'prom-client';

/** A figure that is asked for when the metrics are read. */
export const addGauge = (
  registry: Registry,
  { name, help }: { readonly name: string; readonly help: string },
  read: () => number | Promise<number>,
): void => {
  new Gauge({
    ...{ name, help, registers: [registry] },
    async collect() {
      this.set(await read());
    },
  });
};
