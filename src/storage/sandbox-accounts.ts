/**
 * Whether accounts that a sandbox made count: their passwords are well known, so what one left in the database is refused
 * while it is off.
 */
export type SandboxAccounts = 'accepted' | 'refused';
