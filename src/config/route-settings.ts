import { z } from 'zod';
import { isNumberPattern, isSendTemplate, NumberPattern } from '../shared/number-pattern.ts';

/** A trunk of a route: its name, or its name with when it is tried. */
const routeTrunk = z.union([
  z
    .string()
    .min(1)
    .transform((name) => ({ name, priority: 0, weight: undefined })),
  z
    .strictObject({
      name: z.string().min(1),
      priority: z.number().int().min(0).max(65_535).default(0),
      weight: z.number().int().min(1).max(65_535).optional(),
    })
    .transform(({ name, priority, weight }) => ({ name, priority, weight })),
]);

/** Where numbers go: by their beginning in E.164, or by a pattern of what was dialled. */
export const routeSchema = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^\+\d*$/, 'is not the beginning of a number in E.164, such as +1')
      .optional(),
    pattern: z
      .string()
      .refine(isNumberPattern, 'is not made of digits, *, #, X, Z, N and a . at the end, such as 2XX')
      .optional(),
    trunks: z.array(routeTrunk).min(1),
    send: z.string().refine(isSendTemplate, 'is not made of digits, *, #, +, {number} and {rest}').optional(),
  })
  .superRefine(({ pattern, prefix, send }, context) => {
    if ((prefix === undefined) === (pattern === undefined)) {
      context.addIssue({ code: 'custom', message: 'has either a prefix or a pattern' });
    }
    if (send?.includes('{rest}') === true && pattern?.endsWith('.') !== true) {
      context.addIssue({ code: 'custom', path: ['send'], message: '{rest} needs a pattern with a . at its end' });
    }
  })
  .transform(({ pattern, prefix, ...rest }) => ({
    ...rest,
    ...(pattern === undefined ? { prefix: prefix ?? '' } : { pattern }),
  }));

export type RouteSetting = z.infer<typeof routeSchema>;

interface Mistake {
  readonly path: (string | number)[];
  readonly message: string;
}

const keyOf = (route: RouteSetting): string =>
  'pattern' in route ? `pattern ${new NumberPattern(route.pattern).text}` : `prefix ${route.prefix}`;

/** Trunks that do not exist, and routes that no number can take because an earlier one takes the same numbers. */
export const mistakesInRoutes = (routes: readonly RouteSetting[], trunks: ReadonlySet<string>): readonly Mistake[] => {
  const firsts = new Map<string, number>();
  return routes.flatMap((route, index) => {
    const key = keyOf(route);
    const first = firsts.get(key);
    if (first === undefined) firsts.set(key, index);
    const path = ['routes', index];
    const unknown = route.trunks.filter(({ name }) => !trunks.has(name));
    const twice = route.trunks.filter(
      ({ name }, place) => route.trunks.findIndex((each) => each.name === name) < place,
    );
    return [
      ...unknown.map(({ name }) => ({ path: [...path, 'trunks'], message: `there is no trunk "${name}"` })),
      ...twice.map(({ name }) => ({ path: [...path, 'trunks'], message: `trunk "${name}" stands there twice` })),
      ...(first === undefined
        ? []
        : [
            {
              path: [...path, 'pattern' in route ? 'pattern' : 'prefix'],
              message: `routes[${first}] takes the same numbers`,
            },
          ]),
    ];
  });
};
