/** What a user may be. An operator sees and ends everybody's calls; an administrator also manages. */
export type Role = 'user' | 'operator' | 'admin';

/** What a token allows, whatever scope gave it. */
export type Permission =
  'calls:read' | 'calls:place' | 'calls:stop' | 'calls:read-all' | 'calls:stop-all' | 'profile:read' | 'administer';

const ownCalls: readonly Permission[] = ['calls:read', 'calls:place', 'calls:stop'];
const everybodysCalls: readonly Permission[] = ['calls:read-all', 'calls:stop-all'];

/** Every scope and what it allows. */
export const scopePermissions = {
  call: ownCalls,
  read: ['calls:read'],
  write: ['calls:place', 'calls:stop'],
  public: ['profile:read'],
  operator: everybodysCalls,
  admin: [...everybodysCalls, 'administer'],
  all: [...ownCalls, 'profile:read', ...everybodysCalls, 'administer'],
} as const satisfies Readonly<Record<string, readonly Permission[]>>;

export type Scope = keyof typeof scopePermissions;

export const isScope = (value: string): value is Scope => Object.hasOwn(scopePermissions, value);

/** What each role may have at most: a scope never gives its user more than this. */
const rolePermissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  user: new Set<Permission>([...ownCalls, 'profile:read']),
  operator: new Set<Permission>([...ownCalls, 'profile:read', ...everybodysCalls]),
  admin: new Set<Permission>([...ownCalls, 'profile:read', ...everybodysCalls, 'administer']),
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
  if (scope === 'admin') return role === 'admin';
  return scope !== 'operator' || role !== 'user';
};
