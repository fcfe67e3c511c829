/*
 * The least that a provider and a storage can be: answers a POST with a second of MP3, 16 KB, and takes what is PUT; says where
 * it listens.
 */
import http from 'node:http';
import { silentFrames } from '../sim/mp3.js';

const AUDIO = silentFrames(1, { rate: 44_100, kbps: 128 }, 'bench');

const server = http.createServer((request, response) => {
	request.resume();
	request.on('end', () => {
		response.setHeader('content-type', 'audio/mpeg');
		response.end(request.method === 'POST' ? AUDIO : '');
	});
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` })}\n`));
