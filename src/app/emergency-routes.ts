import { DestinationBarredError } from '../calls/errors.ts';
import { ConfigError } from '../config/config.ts';
import type { Settings } from '../config/settings.ts';
import { patternsOf, policyOf } from './calls.ts';

/** Patterns that never match, since what they stand for is an emergency number, which is refused before any route. */
export const mistakesInPatterns = (settings: Pick<Settings, 'policy' | 'routes'>): readonly string[] => {
  const policy = policyOf(settings);
  const { home_country: country } = settings.policy;
  return settings.routes.flatMap((route, index) => {
    const [pattern] = patternsOf({ routes: [route] });
    if (pattern === undefined || pattern.literal !== pattern.text) return [];
    try {
      policy.refuseEmergency(pattern.text, country);
      return [];
    } catch (error) {
      if (!(error instanceof DestinationBarredError)) throw error;
      return [`routes[${index}].pattern: ${pattern.text} is an emergency number, which is never dialled`];
    }
  });
};

/**
 * A route for an emergency number would promise what does not happen.
 * @throws ConfigError naming each of them
 */
export const refuseEmergencyRoutes = (settings: Pick<Settings, 'policy' | 'routes'>): void => {
  const mistakes = mistakesInPatterns(settings);
  if (mistakes.length > 0) throw new ConfigError(mistakes);
};
