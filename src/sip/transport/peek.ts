/** A message that has what is looked for has it in these bytes and among so many finds. */
const PEEK_BYTES = 4096;
const MAX_FINDS = 8;

const RESPONSE = Buffer.from('SIP/2.0 ');
const MAX_BRANCH = 64;
const BRANCH_START = 'z9hG4bK';
const TAG_START = 'tag=';
const TAG = /[\w\-.!%*+`'~]*/y;

export const isResponse = (data: Buffer): boolean => data[0] === 0x53 && data.subarray(0, 8).equals(RESPONSE);

/** Looks at each place where `start` stands, as text of the bytes behind it, until one is wanted. */
const someFind = (data: Buffer, start: string, isWanted: (text: string, at: number) => boolean): boolean => {
  const text = data.toString('latin1', 0, PEEK_BYTES);
  let at = text.indexOf(start);
  for (let finds = 0; at !== -1 && finds < MAX_FINDS; finds += 1) {
    if (isWanted(text, at)) return true;
    at = text.indexOf(start, at + start.length);
  }
  return false;
};

/** Whether unparsed bytes have a branch that is ours: the text that is asked about begins with it. */
export const namesBranch = (data: Buffer, isOurs: (text: string) => boolean): boolean =>
  someFind(data, BRANCH_START, (text, at) => isOurs(text.slice(at, at + MAX_BRANCH)));

/** Whether unparsed bytes name a tag of ours. */
export const namesTag = (data: Buffer, isOurs: (tag: string) => boolean): boolean =>
  someFind(data, TAG_START, (text, at) => {
    TAG.lastIndex = at + TAG_START.length;
    return isOurs(TAG.exec(text)?.[0] ?? '');
  });
