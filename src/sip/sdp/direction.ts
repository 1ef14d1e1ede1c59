/** Which way media flows, seen from the peer that wrote the description (RFC 8866 section 6.7). */
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const DIRECTIONS: readonly string[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'] satisfies Direction[];

export const isDirection = (text: string): text is Direction => DIRECTIONS.includes(text);

export const sends = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'sendonly';

export const receives = (direction: Direction): boolean => direction === 'sendrecv' || direction === 'recvonly';

/** The most that `wanted` leaves for an answer to that offer (RFC 3264 section 6.1). */
export const answerDirection = (offered: Direction, wanted: Direction): Direction => {
  const sending = receives(offered) && sends(wanted);
  const receiving = sends(offered) && receives(wanted);
  if (sending) return receiving ? 'sendrecv' : 'sendonly';
  return receiving ? 'recvonly' : 'inactive';
};
