// The far ends of `media.ts`: sockets that send a tone of their own 50 times a second and note when packets come.
import { createSocket } from 'node:dgram';

const count = Number(process.argv[2]);
// 400 Hz: a whole number of periods fits into the frame.
const FRAME = Buffer.alloc(172);
for (let index = 0; index < 160; index += 1) {
  const sample = Math.sin((2 * Math.PI * 400 * index) / 8000) * 8000;
  FRAME[12 + index] = sample === 0 ? 0xff : mulaw(sample);
}

/** G.711 mu-law of a 16-bit sample. */
function mulaw(sample) {
  const magnitude = Math.min(Math.abs(sample) + 132, 32_635);
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  return ~((sample < 0 ? 0x80 : 0) | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

const far = [];
for (let index = 0; index < count; index += 1) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const end = { socket, port: socket.address().port, to: 0, sequence: 0, first: undefined, transits: [] };
  socket.on('message', (datagram) => {
    const timestamp = datagram.readUInt32BE(4);
    end.first ??= timestamp;
    end.transits.push(performance.now() - ((timestamp - end.first) >>> 0) / 8);
  });
  far.push(end);
}
process.send(far.map(({ port }) => port));

let due = performance.now() + 20;
const tick = () => {
  while (due <= performance.now()) {
    due += 20;
    for (const end of far) {
      if (end.to === 0) continue;
      FRAME.writeUInt8(0x80, 0);
      FRAME.writeUInt8(0, 1);
      FRAME.writeUInt16BE(end.sequence & 0xffff, 2);
      FRAME.writeUInt32BE(160 * end.sequence, 4);
      FRAME.writeUInt32BE(end.port, 8);
      end.sequence += 1;
      end.socket.send(Buffer.from(FRAME), end.to, '127.0.0.1');
    }
  }
  setTimeout(tick, Math.max(0, due - performance.now()));
};
tick();

process.on('message', (order) => {
  if (order === 'report') {
    // How late each packet was behind the fastest of its port.
    const late = far.flatMap(({ transits }) => transits.map((transit) => transit - Math.min(...transits)));
    process.send(late, () => process.exit(0));
  } else order.forEach((port, index) => (far[index].to = port));
});
