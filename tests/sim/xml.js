/*
 * A strict reader of XML 1.0 with namespaces, without DTDs: whatever is not well-formed is an
 * XmlError.
 */

const PLAIN_NAME = '[A-Za-z_\\u0080-\\uffff][\\w.\\-\\u0080-\\uffff]*';
const NAME = `${PLAIN_NAME}(?::${PLAIN_NAME})?`;
const ATTRIBUTE = `(${NAME})\\s*=\\s*(?:"([^"<]*)"|'([^'<]*)')`;
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const TOKENS = [
	{ regexp: /<!--(?:(?!--)[^])*-->/y, take() {} },
	{ regexp: /<!\[CDATA\[([^]*?)\]\]>/y, take: (state, [, text]) => addText(state, text) },
	{ regexp: /<\?[^]*?\?>/y, take() {} },
	{ regexp: new RegExp(`</(${NAME})\\s*>`, 'y'), take: closeElement },
	{
		regexp: new RegExp(
			`<(${NAME})((?:\\s+${ATTRIBUTE.replace(/\((?!\?)/g, '(?:')})*)\\s*(/?)>`,
			'y',
		),
		take: openElement,
	},
	{ regexp: /[^<]+/y, take: (state, [text]) => addText(state, unescape(state, text)) },
];

export class XmlError extends Error {}

/**
 * Returns the root { name, attributes, children, inner }; children are elements and strings, inner
 * is source text.
 */
export function parseXml(text) {
	const source = text.replace(/^\ufeff/, '');
	const state = {
		source,
		at: 0,
		end: 0,
		open: [{ children: [], prefixes: ['xml', 'xmlns'] }],
	};
	const bad = FORBIDDEN.exec(source);
	if (bad) fail(state, `'${bad[0]}' is an invalid character.`, bad.index);
	while (state.at < source.length) {
		takeToken(state);
		state.at = state.end;
	}
	const [document, unclosed] = state.open;
	if (unclosed) fail(state, `The '${state.open.at(-1).name}' element is not closed.`);
	if (document.children.length === 0) fail(state, 'Root element is missing.');
	return document.children[0];
}

function takeToken(state) {
	for (const { regexp, take } of TOKENS) {
		regexp.lastIndex = state.at;
		const match = regexp.exec(state.source);
		if (match) {
			state.end = regexp.lastIndex;
			take(state, match);
			return;
		}
	}
	fail(state, 'The markup is not well-formed.');
}

function fail({ source, at }, message, where = at) {
	const lines = source.slice(0, where).split('\n');
	throw new XmlError(`${message} Line ${lines.length}, position ${lines.at(-1).length + 1}.`);
}

function addText(state, text) {
	if (state.open.length > 1) state.open.at(-1).children.push(text);
	else if (text.trim() !== '') fail(state, 'Data at the root level is invalid.');
}

function openElement(state, [, name, list, empty]) {
	const parent = state.open.at(-1);
	if (state.open.length === 1 && parent.children.length > 0)
		fail(state, 'There are multiple root elements.');
	const attributes = readAttributes(state, list);
	const declared = Object.keys(attributes).filter((key) => key.startsWith('xmlns:'));
	const prefixes = [...parent.prefixes, ...declared.map((key) => key.slice(6))];
	for (const used of [name, ...Object.keys(attributes)])
		if (used.includes(':') && !prefixes.includes(used.split(':')[0]))
			fail(state, `'${used.split(':')[0]}' is an undeclared prefix.`);
	const element = { name, attributes, children: [], prefixes, start: state.end, inner: '' };
	parent.children.push(element);
	if (!empty) state.open.push(element);
}

function readAttributes(state, list) {
	const attributes = {};
	for (const [, name, double, single] of list.matchAll(new RegExp(ATTRIBUTE, 'g'))) {
		if (Object.hasOwn(attributes, name))
			fail(state, `'${name}' is a duplicate attribute name.`);
		attributes[name] = unescape(state, double ?? single);
	}
	return attributes;
}

function closeElement(state, [, name]) {
	const element = state.open.pop();
	if (element.name !== name)
		fail(state, `The end tag '${name}' does not match the start tag '${element.name}'.`);
	element.inner = state.source.slice(element.start, state.at);
}

function unescape(state, text) {
	return text.replace(/&(?:#x([0-9a-fA-F]+);|#(\d+);|(\w+);)?/g, (whole, hex, decimal, name) => {
		const code = hex ? parseInt(hex, 16) : Number(decimal);
		const character = name ? ENTITIES[name] : code <= 0x10ffff && String.fromCodePoint(code);
		if (!character || FORBIDDEN.test(character))
			fail(state, `Invalid char '&': ${whole} is no reference to a character.`);
		return character;
	});
}
