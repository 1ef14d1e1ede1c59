#!/usr/bin/env node
// The command `offhook`. This file alone also runs on a Node that is too old for the rest, to say so.
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 21 || (major === 20 && minor >= 12)) import('./launch.mjs');
else {
  console.error(
    `offhook: this is Node ${process.versions.node}; Offhook needs Node 22 or newer, or 20.12 and newer of Node 20.`,
  );
  process.exitCode = 1;
}
