/* The ways to write an address that is not on the public internet: each is [what it is, a host]. */

const octets = (ip) => ip.split('.').map(Number);
const number = (ip) => octets(ip).reduce((sum, octet) => sum * 256 + octet, 0);
const hex = (n, digits = 0) => n.toString(16).padStart(digits, '0');
const pair = (ip, at) => hex(octets(ip)[at] * 256 + octets(ip)[at + 1]);
const groups = (ip) => `${pair(ip, 0)}:${pair(ip, 2)}`;
const turned = (ip) => octets(ip).map((octet) => octet ^ 255).join('.');
const digitsFrom = (zero) => (text) =>
	text.replace(/\d/g, (digit) => String.fromCodePoint(zero.codePointAt(0) + Number(digit)));
/* The circled digits have their zero elsewhere. */
const circled = (text) => text.replace(/\d/g, (digit) => '⓪①②③④⑤⑥⑦⑧⑨'[digit]);

/* Every form of an IPv4 address that some parser reads as that address. */
const FORMS = {
	dotted: (ip) => ip,
	'trailing dot': (ip) => `${ip}.`,
	decimal: (ip) => String(number(ip)),
	hexadecimal: (ip) => `0x${hex(number(ip))}`,
	'upper-case hexadecimal': (ip) => `0X${hex(number(ip), 8).toUpperCase()}`,
	'octal of one part': (ip) => `0${number(ip).toString(8)}`,
	'dotted hexadecimal': (ip) => octets(ip).map((octet) => `0x${hex(octet)}`).join('.'),
	'dotted octal': (ip) => octets(ip).map((octet) => `0${octet.toString(8)}`).join('.'),
	'padded octal': (ip) => octets(ip).map((octet) => `000${octet.toString(8)}`).join('.'),
	mixed: (ip) => `0x${hex(octets(ip)[0])}.0${octets(ip)[1].toString(8)}.${octets(ip).slice(2).join('.')}`,
	'two parts': (ip) => `${octets(ip)[0]}.${number(ip) % 2 ** 24}`,
	'three parts': (ip) => `${octets(ip).slice(0, 2).join('.')}.${number(ip) % 2 ** 16}`,
	'past 32 bits': (ip) => String(number(ip) + 2 ** 32),
	'encoded dots': (ip) => ip.replaceAll('.', '%2e'),
	'encoded digits': (ip) => ip.replace(/\d/g, (digit) => `%3${digit}`),
	'fullwidth digits': digitsFrom('０'),
	'mathematical digits': digitsFrom('𝟎'),
	'circled digits': circled,
	'ideographic full stops': (ip) => ip.replaceAll('.', '。'),
	'fullwidth full stops': (ip) => ip.replaceAll('.', '．'),
	'soft hyphen': (ip) => ip.replace('.', '\u00ad.'),
	mapped: (ip) => `[::ffff:${ip}]`,
	'mapped, in groups': (ip) => `[::ffff:${groups(ip)}]`,
	'mapped, in full': (ip) => `[0:0:0:0:0:FFFF:${groups(ip)}]`,
	compatible: (ip) => `[::${ip}]`,
	translated: (ip) => `[::ffff:0:${ip}]`,
	'6to4': (ip) => `[2002:${groups(ip)}::1]`,
	Teredo: (ip) => `[2001:0:5db8:d822::${turned(ip)}]`,
	NAT64: (ip) => `[64:ff9b::${ip}]`,
	'NAT64 of a site': (ip) => `[64:ff9b:1::${ip}]`,
	'user name of a public host': (ip) => `www.example.com@${ip}`,
	'user name and password': (ip) => `www.example.com:443@${ip}`,
	'encoded at': (ip) => `www.example.com%40${ip}`,
	'backslash and at': (ip) => `www.example.com\\@${ip}`,
	'name with it inside': (ip) => `${ip}.nip.example`,
};

/* One of each block would do for the table; these are the ones that attackers want. */
const TARGETS = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '172.16.0.1', '192.168.1.1', '100.100.100.200'];

const HOSTS = [
	'0.0.0.0', '0', '0x0', '127.1', '127.0.1', '127.255.255.255', '127.127.127.127', '100.64.0.1', '168.63.129.16',
	'192.0.0.192', '192.0.2.1', '192.88.99.1', '198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255',
	'240.0.0.1', '255.255.255.255', '[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[::0001]', '[fe80::1]', '[fe80::1%25lo]',
	'[fec0::1]', '[fc00::1]', '[fd00:ec2::254]', '[fd12:3456:789a::1]', '[ff02::1]', '[100::1]', '[2001:db8::1]', '[3fff::1]',
	'[2001:2::1]', '[2001:10::1]', '[5f00::1]', '[4000::1]', '[::ffff:7f00:1]', 'localhost', 'LOCALHOST', 'localhost.',
	'localhost.localdomain', 'ip6-localhost', 'ｌｏｃａｌｈｏｓｔ', 'ⓛocalhost', 'metadata.google.internal', 'kubernetes.default.svc',
	'host.docker.internal', 'xn--bcher-kva.example', 'bücher.example',
].map((host) => ['host', host]);

export const INTERNAL = [
	...TARGETS.flatMap((ip) => Object.entries(FORMS).map(([form, write]) => [form, write(ip)])),
	...HOSTS,
];

/* What may stand where a URL is asked for, and is not one that may be called; PORT is the decoy's. */
export const NOT_URLS = [
	'', ' ', '127.0.0.1:PORT', '//127.0.0.1:PORT/', 'localhost:PORT', 'file:///etc/passwd', 'ftp://127.0.0.1:PORT/',
	'gopher://127.0.0.1:PORT/_GET', 'dict://127.0.0.1:PORT/stats', 'ldap://127.0.0.1:PORT/', 'smtp://127.0.0.1:PORT/',
	'telnet://127.0.0.1:PORT/', 'unix:///run/postgresql', 'jar:http://127.0.0.1:PORT!/', 'javascript:alert(1)',
	'data:text/plain,x', 'http://', 'http:///', 'http://:PORT/', 'http://127.0.0.1:99999/', 'http://127.0.0.1:-1/',
	'http://127.0.0.1:PORT\r\nHost: x/', 'http://127.0.0.1\t:PORT/', 'http://127.0.0.1 :PORT/', 'http:\\\\127.0.0.1:PORT\\',
	'http:127.0.0.1:PORT', 'http:/127.0.0.1:PORT/', 'http:////127.0.0.1:PORT/', 'HTTP://127.0.0.1:PORT/', ' http://127.0.0.1:PORT/ ',
	'http://127.0.0.1:PORT#@www.example.com/', 'http://127.0.0.1:PORT?@www.example.com/', 'http://user@127.0.0.1:PORT/',
	'http://user:pw@127.0.0.1:PORT/', 'http://@127.0.0.1:PORT/',
	'http://[::1]:PORT/', 'http://[::ffff:127.0.0.1]:PORT/', 'http://[::1', 'http://::1:PORT/', 'http://[127.0.0.1]:PORT/',
	'http://127.0.0.1:0PORT/', 'http://127.0.0.1:PORT:80/', 'https://127.0.0.1:PORT/', 'http://％31２7.0.0.1:PORT/',
];
