/* What the bundler resolves and TypeScript does not: see build.js. */
declare module '*.js?url' {
	const url: string;
	export default url;
}
