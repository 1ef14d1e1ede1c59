import type { Recording } from '../analysis/recording.ts';
import type { SentAudio } from '../audio-sender.ts';
import type { PortRange } from '../udp-socket.ts';
import type { HeardPeer } from './heard-port.ts';

/** Where ports of the thread are bound. */
export interface ThreadBinding {
  /** An IP literal. */
  readonly host: string;
  readonly port?: number | PortRange;
}

/** What the thread of the test phones is told. `port` names one of theirs. */
export type ThreadOrder =
  | { readonly order: 'open'; readonly port: number }
  | { readonly order: 'connect'; readonly port: number; readonly peer: HeardPeer }
  | { readonly order: 'answered'; readonly port: number }
  | { readonly order: 'send'; readonly port: number; readonly audio: SentAudio; readonly ticket: number }
  | { readonly order: 'finish'; readonly port: number };

/** What it tells. */
export type ThreadReport =
  | { readonly of: 'opened'; readonly port: number; readonly address: string; readonly bound: number }
  | { readonly of: 'not-opened'; readonly port: number; readonly reason: string }
  | { readonly of: 'digit'; readonly port: number; readonly digit: string }
  | { readonly of: 'audio'; readonly port: number }
  | { readonly of: 'sent'; readonly port: number; readonly ticket: number }
  | { readonly of: 'finished'; readonly port: number; readonly recording: Recording | undefined };
