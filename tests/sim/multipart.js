/* Parses multipart/form-data (RFC 7578) that is whole in memory. */

const HEADERS_END = Buffer.from('\r\n\r\n');

/**
 * Returns [{ name, filename, type, data }], or null when the body is not well-formed
 * multipart/form-data.
 */
export function parseMultipart(contentType = '', body) {
	const found = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType);
	if (!found) return null;
	/* Every delimiter but the first has the line break before it; give the first one, too. */
	const text = Buffer.concat([Buffer.from('\r\n'), body]);
	const delimiter = Buffer.from(`\r\n--${found[1] ?? found[2]}`);
	const parts = [];
	let at = text.indexOf(delimiter);
	while (at >= 0) {
		const start = at + delimiter.length;
		if (text.subarray(start, start + 2).toString() === '--') return parts;
		at = text.indexOf(delimiter, start);
		const part = at < 0 ? null : parsePart(text.subarray(start + 2, at));
		if (!part) return null;
		parts.push(part);
	}
	return null;
}

function parsePart(bytes) {
	const end = bytes.indexOf(HEADERS_END);
	if (end < 0) return null;
	const head = bytes.subarray(0, end).toString('utf8');
	const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(head)?.[1] ?? '';
	const name = parameter(disposition, 'name');
	if (name === undefined) return null;
	return {
		name,
		filename: parameter(disposition, 'filename'),
		type: /^content-type:\s*(\S+)/im.exec(head)?.[1],
		data: bytes.subarray(end + HEADERS_END.length),
	};
}

function parameter(disposition, name) {
	return new RegExp(`(?:^|[;\\s])${name}="([^"]*)"`, 'i').exec(disposition)?.[1];
}
