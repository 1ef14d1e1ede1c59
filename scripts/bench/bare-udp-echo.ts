/* What the SIP side is compared with: a socket that sends each datagram back and does nothing else. */
import { createSocket } from 'node:dgram';

const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
socket.on('message', (message, { port, address }) => socket.send(message, port, address));
socket.bind(0, '127.0.0.1', () => console.log(socket.address().port));
