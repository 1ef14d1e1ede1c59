import type { ProblemTypes } from './problem-type.ts';

/** Of SIP and media. They end a leg or stop a start; what becomes of the call, its outcome says. */
export const telephonyProblems: ProblemTypes = {
  sip_malformed: {
    title: 'Message is not SIP',
    meaning: 'A message, or an address in it, is not written as RFC 3261 asks for.',
    remedy: 'Correct the address. Of a message of a peer, the log says what it was.',
  },
  sip_unprintable: {
    title: 'Value that SIP cannot carry',
    meaning: 'A value would break the message that it stands in, such as one with a line break.',
    remedy: 'Correct the value: a name or an address of the settings file, or of a user.',
  },
  registration_refused: {
    title: 'Registration refused',
    meaning: 'A phone asked for a registration that cannot be carried out.',
    remedy: 'Look at its contact address and at how long it wants to be registered.',
  },
  sdp_unusable: {
    title: 'No media in common',
    meaning: 'The description of the media cannot be read, or leaves nothing that both sides can use.',
    remedy: 'Allow G.711 (PCMU or PCMA) on the phone and at the trunk.',
  },
  sip_listen_failed: {
    title: 'Cannot listen for SIP',
    meaning: 'The address or the port of a SIP listener cannot be taken. The message says which.',
    remedy: 'Stop the program that has the port, or change OFFHOOK_SIP_LISTEN.',
  },
  sip_send_failed: {
    title: 'Peer not reached',
    meaning: 'A SIP message could not be handed to its peer.',
    remedy: 'Check the address of the phone or trunk, and the network to it.',
  },
  sip_not_located: {
    title: 'Address of the peer not found',
    meaning: 'No server was found for the SIP address of a phone or trunk.',
    remedy: 'Check its host name and the records in DNS.',
  },
  no_media_port: {
    title: 'No port for media',
    meaning: 'No port of the address and range for media can be taken.',
    remedy: 'Widen the range of OFFHOOK_RTP, or stop the program that has its ports.',
  },
};
