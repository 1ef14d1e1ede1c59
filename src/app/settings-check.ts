import type { Config } from '../config/config.ts';
import { mistakesInClients } from './accounts/configured-clients.ts';
import { mistakesInPatterns } from './emergency-routes.ts';

/**
 * What a start would find wrong with a configuration that could be read.
 * @returns every mistake, named by where it stands
 */
export const mistakesOfStart = ({ settings }: Pick<Config, 'settings'>): readonly string[] => [
  ...mistakesInClients(settings.clients),
  ...mistakesInPatterns(settings),
];
