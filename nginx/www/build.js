/*
 * usage: node nginx/www/build.js FOLDER
 *
 * Bundles the pages into FOLDER: index.html and 404.html, and below assets/ what they load, each file named by its content's
 * hash, so that nginx lets browsers keep it forever. Fails when the first load is larger than FIRST_LOAD_LIMIT.
 */
import { cp, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const SOURCES = dirname(fileURLToPath(import.meta.url));
const ROOT = resolve(SOURCES, '../..');
/* gzip -6, as nginx compresses. What index.html names, and what that imports statically. */
const FIRST_LOAD_LIMIT = 160_000;
const TARGET = ['chrome111', 'firefox114', 'safari16.4'];
const COMMON = { bundle: true, minify: true, format: 'esm', target: TARGET, logLevel: 'warning', legalComments: 'none' };

/* import url from './meter.worklet.js?url': the address of a script of its own, built from meter.worklet.ts. */
const scripts = {
	name: 'script-urls',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /\.js\?url$/ }, ({ path, resolveDir }) => ({
			path: resolve(resolveDir, path.slice(0, -'?url'.length)),
			namespace: 'script-url',
		}));
		onLoad({ filter: /./, namespace: 'script-url' }, async ({ path }) => {
			const source = path.replace(/\.js$/, '.ts');
			const { outputFiles } = await build({ ...COMMON, entryPoints: [source], write: false });
			return { contents: outputFiles[0].contents, loader: 'file', watchFiles: [source] };
		});
	},
};

/*
 * One style sheet for all pages: every .css file, those of style/ first, in the order of STYLES. A chunk that is loaded later
 * would not bring its style sheet along, so what a script imports of .css is left out.
 */
const STYLES = ['style/tokens.css', 'style/base.css', 'style/controls.css', 'style/shell.css'];
const styles = {
	name: 'styles',
	setup({ onResolve, onLoad }) {
		onResolve({ filter: /^main\.css$/ }, () => ({ path: 'main.css', namespace: 'styles' }));
		onResolve({ filter: /\.css$/ }, ({ kind, path }) => (kind === 'import-statement' ? { path, namespace: 'no-style' } : null));
		onLoad({ filter: /./, namespace: 'no-style' }, () => ({ contents: '' }));
		onLoad({ filter: /./, namespace: 'styles' }, async () => {
			const found = (await readdir(SOURCES, { recursive: true })).filter((path) => path.endsWith('.css') && !path.startsWith('node_modules'));
			const all = new Set([...STYLES, ...found.sort()]);
			const contents = [...all].map((path) => `@import ${JSON.stringify(`./${path}`)};`).join('\n');
			return { contents, loader: 'css', resolveDir: SOURCES };
		});
	},
};

/* An HTML file with the hashed names in place of the sources' ones. */
async function page(name, { preloads, ...names }, target) {
	let html = (await readFile(join(SOURCES, name), 'utf8')).replace('<!-- preloads -->', () => preloads);
	for (const [source, built] of Object.entries(names)) html = html.replaceAll(`"${source}"`, `"${built}"`);
	await writeFile(join(target, name), html);
}

function firstLoad(outputs, entry) {
	const seen = new Set();
	const visit = (path) => {
		if (seen.has(path)) return;
		seen.add(path);
		for (const { path: imported, kind } of outputs[path].imports) if (kind === 'import-statement') visit(imported);
	};
	visit(entry);
	return seen;
}

async function main(target) {
	const part = `${target}.part`;
	await rm(part, { recursive: true, force: true });
	await mkdir(part, { recursive: true });
	const { metafile } = await build({
		...COMMON,
		entryPoints: [{ in: join(SOURCES, 'main.tsx'), out: 'main' }, { in: 'main.css', out: 'main' }],
		outdir: join(part, 'assets'),
		entryNames: '[name]-[hash]',
		chunkNames: '[name]-[hash]',
		assetNames: '[name]-[hash]',
		publicPath: '/assets',
		splitting: true,
		metafile: true,
		jsx: 'automatic',
		define: { 'process.env.NODE_ENV': '"production"' },
		plugins: [styles, scripts],
		absWorkingDir: ROOT,
	});
	const outputOf = (end) => Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint?.endsWith(end));
	const entry = outputOf('/main.tsx');
	const style = outputOf('main.css');
	const names = { '/main.js': `/assets/${basename(entry)}`, '/main.css': `/assets/${basename(style)}` };
	await cp(join(SOURCES, 'favicon.svg'), join(part, 'favicon.svg'));

	const first = firstLoad(metafile.outputs, entry).add(style);
	/* Asked for at once, instead of one after the other as each script names the next. */
	const early = [...first].filter((path) => path.endsWith('.js') && path !== entry).map((path) => `<link rel="modulepreload" href="/assets/${basename(path)}">`);
	names.preloads = early.join('\n\t');
	for (const name of ['index.html', '404.html']) await page(name, names, part);

	const sizes = [];
	for (const path of Object.keys(metafile.outputs)) {
		const bytes = await readFile(join(ROOT, path));
		sizes.push({ file: basename(path), bytes: bytes.length, gzip: gzipSync(bytes).length, first: first.has(path) });
	}
	sizes.sort((a, b) => b.gzip - a.gzip);
	const total = sizes.filter((size) => size.first).reduce((sum, { gzip }) => sum + gzip, 0);
	await writeFile(`${target}.sizes.json`, JSON.stringify({ firstLoadGzip: total, limit: FIRST_LOAD_LIMIT, files: sizes }, null, '\t'));
	if (total > FIRST_LOAD_LIMIT) {
		console.error(`The first load is ${total} bytes of gzip, more than ${FIRST_LOAD_LIMIT}:`);
		for (const { file, gzip } of sizes.filter((size) => size.first)) console.error(`  ${gzip}\t${file}`);
		process.exit(1);
	}
	await rm(target, { recursive: true, force: true });
	await rename(part, target);
	if (process.env.V) console.log(`  ${relative(ROOT, target)}: ${total} bytes of gzip for the first load`);
}

await main(resolve(process.argv[2] ?? 'build/www'));
