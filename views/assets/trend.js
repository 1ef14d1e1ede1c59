import { byId } from './dom.js';
import uPlot from './uplot.js';

/* Draws the jobs of the table: how many scripts passed in each, and how many failed. */

const HEIGHT = 180;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Oldest first. */
const jobsOf = () => [...document.querySelectorAll('#jobs tbody tr')].map(({ dataset }) => dataset).reverse();

const series = (label, name) => ({
  label,
  stroke: colour(name),
  fill: colour(name),
  paths: uPlot.paths.bars({ size: [0.7, 40] }),
  points: { show: false },
});

const axis = (more) => ({
  stroke: colour('--muted'),
  grid: { stroke: colour('--line'), width: 1 },
  ticks: { stroke: colour('--line'), width: 1 },
  ...more,
});

const draw = (place, jobs) => {
  const passed = jobs.map((job) => Number(job.passed));
  const all = jobs.map((job) => Number(job.passed) + Number(job.failed));
  const most = Math.max(1, ...all);
  const options = {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, range: [-0.6, jobs.length - 0.4] }, y: { range: [0, most] } },
    axes: [
      axis({
        grid: { show: false },
        incrs: [1, 2, 5, 10],
        values: (_plot, splits) => splits.map((index) => jobs[index]?.id ?? ''),
      }),
      axis({ incrs: [1, 2, 5, 10, 20, 50, 100], size: 40 }),
    ],
    // The whole of a job is drawn in the colour of failure first, and what passed over it.
    series: [{}, series('failed', '--danger'), series('passed', '--good')],
  };
  return new uPlot(options, [jobs.map((_job, index) => index), all, passed], place);
};

/** Shows the trend, where there is one; it follows the width of the page and the colours of the system. */
export const showTrend = () => {
  const place = byId('trend');
  const jobs = jobsOf();
  if (place === null || jobs.length === 0) return;
  place.hidden = false;
  byId('trend-legend').hidden = false;
  let plot;
  const again = () => {
    plot?.destroy();
    plot = draw(place, jobs);
  };
  again();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  new ResizeObserver(() => {
    if (plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  }).observe(place);
};
