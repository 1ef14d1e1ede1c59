import { expect, it } from '@jest/globals';
import { settingsSchema } from '../../src/config/settings.ts';

const faultsOf = (networks: readonly string[]): readonly string[] =>
  settingsSchema
    .safeParse({ webhooks: { allow_private: networks } })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

it('webhooks.allow_private takes networks and addresses, and no names', () => {
  expect(faultsOf(['10.20.0.0/16', 'fd00::/8', '192.0.2.7', '::1'])).toEqual([]);
  const fault = 'is no network, such as 10.20.0.0/16';
  expect(faultsOf(['10.20.0.0/33', '::1', 'hooks.internal'])).toEqual([
    `webhooks.allow_private.0: ${fault}`,
    `webhooks.allow_private.2: ${fault}`,
  ]);
});
