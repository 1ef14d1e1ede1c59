import { describe, expect, it } from '@jest/globals';
import { createPinoLog, type LogStyle } from '../../src/app/pino-log.ts';

const written = (style: LogStyle, isTTY = false) => {
  const texts: string[] = [];
  const output = { isTTY, write: (text: string) => texts.push(text) };
  return { log: createPinoLog('info', output, style), texts };
};

const formatOf = (text = ''): string => {
  if (text.startsWith('{')) return 'json';
  return text.includes('\u001b[') ? 'coloured' : 'plain';
};

describe('the log', () => {
  it.each([
    [{}, false, 'json'],
    [{}, true, 'plain'],
    [{ colours: 'at-terminal' }, true, 'coloured'],
    [{ colours: 'never' }, true, 'plain'],
    [{ format: 'json' }, true, 'json'],
    [{ format: 'pretty' }, false, 'plain'],
    [{ format: 'pretty', colours: 'at-terminal' }, true, 'coloured'],
    [{ format: 'pretty', colours: 'at-terminal' }, false, 'plain'],
    [{ format: 'pretty', colours: 'never' }, true, 'plain'],
  ] as const)('with %j, at a terminal: %s, is %s', (options, isTTY, format) => {
    const { log, texts } = written(options, isTTY);
    log.info({ port: 1 }, 'ready');
    expect([texts.length, formatOf(texts[0])]).toEqual([1, format]);
  });

  it('is one JSON object a line, without fields that are nobody else’s business', () => {
    const { log, texts } = written({});
    log.debug({}, 'not at this level');
    log.warn({ trunk: 'carrier', password: 'hush', phone: { password: 'hush' } }, 'a trunk does not answer');
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(/^\{.*\}\n$/);
    const { time, ...entry } = JSON.parse(texts[0] ?? '') as Record<string, unknown>;
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(entry).toEqual({
      level: 40,
      msg: 'a trunk does not answer',
      trunk: 'carrier',
      password: '(secret)',
      phone: { password: '(secret)' },
    });
  });

  it('hides secrets wherever they are, and leaves what was given as it is', () => {
    const { log, texts } = written({});
    const phone = { name: 'desk', password: 'hush' };
    const fields = { authorization: 'hush', client_secret: 'hush', access_token: 'hush', phone };
    log.info(fields, 'odd');
    log.error({ err: Object.assign(new Error('full'), { password: 'hush' }) }, 'failed');
    log.error({ error: Object.assign(new Error('full'), { password: 'hush' }) }, 'failed');
    expect(texts.join('')).not.toContain('hush');
    expect(texts.join('').match(/\(secret\)/g)).toHaveLength(6);
    expect([fields.authorization, phone.password]).toEqual(['hush', 'hush']);
  });

  it('for people is time, level, message and fields, those of legs by their path', () => {
    const { log, texts } = written({ format: 'pretty' });
    log.info(
      { url: '/rest/call?all=true', agent: 'Phone 1', callee: { sip_status: 486, reason: 'busy' } },
      'call ended',
    );
    expect(texts[0]?.replace(/^\S+ /, '')).toBe(
      'INFO  call ended url=/rest/call?all=true agent="Phone 1" callee.sip_status=486 callee.reason=busy\n',
    );
    log.warn({ none: null, empty: '', list: ['a', 1] }, 'odd');
    expect(texts[1]?.replace(/^\S+ /, '')).toBe('WARN  odd none=null empty="" list=["a",1]\n');
  });

  it('for people shows the stack of an error below, causes included', () => {
    const { log, texts } = written({ format: 'pretty' });
    log.error({ err: new Error('outer', { cause: new Error('inner') }), path: '/' }, 'failed');
    const [first, second, ...rest] = (texts[0] ?? '').split('\n');
    expect(first).toMatch(/ ERROR failed path=\/$/);
    expect(second).toBe('    Error: outer');
    expect(rest.join('\n')).toMatch(/^ {4,}at .*caused by: Error: inner.*\n$/s);
    log.error({ err: Object.assign(new Error('full'), { code: 'ENOSPC' }) }, 'failed');
    expect(texts[1]).toMatch(/ ERROR failed err\.code=ENOSPC\n {4}Error: full\n/);
    log.error({ error: 'no Error' }, 'failed');
    expect(texts[2]).toMatch(/ ERROR failed err="no Error"\n$/);
  });

  it('for people never obeys what others wrote: controls and marks of direction are shown', () => {
    const { log, texts } = written({ format: 'pretty' });
    log.info({ account: 'a\u001b[2J\u009b31m\u202eb\nforged=1', url: '/\u009b2J' }, 'odd');
    expect(texts[0]).toMatch(/ account="a\\u001b\[2J\\u\{9b\}31m\\u\{202e\}b\\nforged=1" url=\/\\u\{9b\}2J\n$/);
    log.error({ err: new Error('a\u001b[2J') }, 'odd');
    expect(texts[1]).not.toContain('\u001b');
  });
});
