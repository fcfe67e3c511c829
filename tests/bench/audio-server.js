/* Answers a POST with 16 KB, and takes what is PUT; says where it listens. */
import http from 'node:http';

const AUDIO = Buffer.alloc(16 * 1024, 'a');

const server = http.createServer((request, response) => {
	request.resume();
	request.on('end', () => response.end(request.method === 'POST' ? AUDIO : ''));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/` })}\n`));
