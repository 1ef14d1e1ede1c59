import type { Generated } from 'kysely';
import type { PhoneEndpoint } from '../../calls/call-engine.ts';

interface SipAccountsTable {
  account: string;
  user_id: string;
  realm: string;
  ha1_md5: string;
  ha1_sha256: string;
}

export interface PhonesTable {
  id: Generated<number>;
  user_id: string;
  kind: PhoneEndpoint['kind'];
  name: string;
  target: string;
}

export interface BindingsTable {
  account: string;
  position: number;
  contact: string;
  flow: string;
  path: string;
  q: number;
  registered_at: number;
  expires_at: number;
  call_id: string;
  cseq: number;
  user_agent: string | null;
}

/** The tables of phones and their registrations. */
export interface PhoneTables {
  sip_accounts: SipAccountsTable;
  phones: PhonesTable;
  bindings: BindingsTable;
}
