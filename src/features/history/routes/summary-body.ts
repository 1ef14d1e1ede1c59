import type { ListFormat } from '../../../http/negotiate.ts';
import { writeXml } from '../../../http/xml.ts';
import type { SummaryRequest } from '../summary.ts';
import type { SummaryRow } from '../tally.ts';
import { writeHeader, writeRows } from './csv.ts';

const columns = [
  ...['key', 'calls', 'attempts', 'answered', 'asr', 'ner', 'acd_seconds'],
  ...['pdd_ms_p50', 'pdd_ms_p95', 'ring_ms_p50', 'ring_ms_p95', 'most_concurrent'],
];

/** A row in the words of the API. */
const representRow = (row: SummaryRow) => ({
  key: row.key,
  calls: row.calls,
  attempts: row.attempts,
  answered: row.answered,
  asr: row.asr,
  ner: row.ner,
  acd_seconds: row.acdSeconds,
  pdd_ms_p50: row.pddMsP50,
  pdd_ms_p95: row.pddMsP95,
  ring_ms_p50: row.ringMsP50,
  ring_ms_p95: row.ringMsP95,
  most_concurrent: row.mostConcurrent,
});

interface SummaryBody {
  readonly contentType: string;
  readonly body: string;
}

/** The figures as a format has them. */
export const writeSummary = (
  { since, until, by }: SummaryRequest,
  figures: readonly SummaryRow[],
  format: ListFormat,
): SummaryBody => {
  const rows = figures.map(representRow);
  const summary = { since: new Date(since).toISOString(), until: new Date(until).toISOString(), by, rows };
  switch (format) {
    case 'json':
      return { contentType: 'application/json; charset=utf-8', body: JSON.stringify(summary) };
    case 'xml':
      return {
        contentType: 'application/xml; charset=utf-8',
        body: writeXml({ name: 'summary', content: summary }),
      };
    case 'csv':
      return {
        contentType: 'text/csv; charset=utf-8; header=present',
        body: writeHeader(columns) + writeRows(rows, columns),
      };
  }
};
