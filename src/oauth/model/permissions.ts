/** What a user may be. An operator sees and ends the calls of all users; an administrator also manages. */
export type Role = 'user' | 'operator' | 'admin';

/** What a token allows, whatever scope gave it. */
export type Permission =
  | ('calls:read' | 'calls:place' | 'calls:stop' | 'calls:read-all' | 'calls:stop-all')
  /** `jobs:write`: projects, their jobs and sounds are made, changed, started and ended. */
  | ('jobs:read' | 'jobs:restart' | 'jobs:write')
  | ('profile:read' | 'administer');

const ownCalls: readonly Permission[] = ['calls:read', 'calls:place', 'calls:stop'];
const seenJobs: readonly Permission[] = ['jobs:read', 'jobs:restart'];
const ownJobs: readonly Permission[] = [...seenJobs, 'jobs:write'];
const allCalls: readonly Permission[] = ['calls:read-all', 'calls:stop-all'];

/** Every scope and what it allows its user. `application` is for a client that acts for no user (RFC 6749 section 4.4). */
export const scopePermissions = {
  call: [...ownCalls, ...ownJobs],
  read: ['calls:read'],
  write: ['calls:place', 'calls:stop', ...ownJobs],
  public: ['profile:read', ...seenJobs],
  application: [],
  operator: allCalls,
  admin: [...allCalls, 'administer'],
  all: [...ownCalls, ...ownJobs, 'profile:read', ...allCalls, 'administer'],
} as const satisfies Readonly<Record<string, readonly Permission[]>>;

export type Scope = keyof typeof scopePermissions;

export const isScope = (value: string): value is Scope => Object.hasOwn(scopePermissions, value);

const ofUsers: readonly Permission[] = [...ownCalls, ...ownJobs, 'profile:read'];

/** What each role may have at most: a scope never gives its user more than this. */
const rolePermissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  user: new Set(ofUsers),
  operator: new Set([...ofUsers, ...allCalls]),
  admin: new Set<Permission>([...ofUsers, ...allCalls, 'administer']),
};

const computed = new Map<string, ReadonlySet<Permission>>();

/** What the scopes allow to a user of that role. The sets are shared: there are few combinations. */
export const permissionsOf = (scopes: readonly Scope[], role: Role): ReadonlySet<Permission> => {
  const key = `${role} ${scopes.join(' ')}`;
  const known = computed.get(key);
  if (known !== undefined) return known;
  const granted = scopes.flatMap((scope): readonly Permission[] => scopePermissions[scope]);
  const permissions = new Set(granted.filter((permission) => rolePermissions[role].has(permission)));
  computed.set(key, permissions);
  return permissions;
};

/** Whether a user of that role can give the scope to a client: some scopes belong to a role. */
export const mayGrant = (scope: Scope, role: Role): boolean => {
  if (scope === 'application') return false;
  if (scope === 'admin') return role === 'admin';
  return scope !== 'operator' || role !== 'user';
};

/** What libraries for OpenID Connect ask for by themselves: nothing is given for it, and nothing refused. */
const ignored: ReadonlySet<string> = new Set(['', 'openid', 'offline_access']);

/**
 * Reads a `scope` parameter (RFC 6749 section 3.3), whatever white space is in it.
 * @returns undefined where it names what does not exist; empty where it asks for nothing
 */
export const parseScopes = (text: string): readonly Scope[] | undefined => {
  const names = [...new Set(text.split(/\s+/))].filter((name) => !ignored.has(name));
  return names.every(isScope) ? names : undefined;
};

export const formatScopes = (scopes: readonly Scope[]): string => scopes.join(' ');

/** Whether every scope of `wanted` is among `allowed`, or a part of one: `all` has everything that a user may do. */
export const isWithin = (wanted: readonly Scope[], allowed: readonly Scope[]): boolean =>
  wanted.every((scope) => allowed.includes(scope) || (allowed.includes('all') && scope !== 'application'));

/** What the consent page says that a scope allows. */
export const scopeDescriptions: Readonly<Record<Scope, string>> = {
  call: 'Place calls in your name, see them and end them, and make and run your test calls',
  read: 'See your calls',
  write: 'Place calls in your name and end them, and make and run your test calls',
  public: 'See your name and role, and see and repeat your test calls',
  application: 'See the calls that it placed, and be told of them',
  operator: 'See and end the calls of everybody',
  admin: 'Manage this service, see and end the calls of everybody, and make and run the test calls of everybody',
  all: 'Do everything that you may do',
};
