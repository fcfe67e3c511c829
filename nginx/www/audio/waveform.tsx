/* The shape of audio, the part that was played in another colour; decoration below the player's slider. */
import { useEffect, useRef } from 'react';
import { PEAKS } from './peaks';

const BAR = 2, GAP = 1; /* CSS pixels */
const LOWEST = 0.04; /* of the height: silence is a thin line */
const STEPS = 500; /* that are told apart while it plays */

interface Shape {
	peaks: Float32Array | null;
	played: number;
}

function draw(canvas: HTMLCanvasElement, { peaks, played }: Shape) {
	const context = canvas.getContext('2d');
	const { clientWidth: width, clientHeight: height } = canvas;
	if (!context || !width || !height) return;
	const scale = window.devicePixelRatio || 1;
	canvas.width = Math.round(width * scale);
	canvas.height = Math.round(height * scale);
	context.scale(scale, scale);
	const { color, accentColor } = getComputedStyle(canvas);
	const bars = Math.floor(width / (BAR + GAP));
	for (let i = 0; i < bars; i++) {
		let peak = 0;
		if (peaks) {
			const end = Math.ceil(((i + 1) * PEAKS) / bars);
			for (let at = Math.floor((i * PEAKS) / bars); at < end; at++) peak = Math.max(peak, peaks[at] ?? 0);
		}
		const tall = Math.max(LOWEST, peak) * height;
		context.fillStyle = (i + 0.5) / bars <= played ? accentColor : color;
		context.fillRect(i * (BAR + GAP), (height - tall) / 2, BAR, tall);
	}
}

export function Waveform(shape: Shape) {
	const canvas = useRef<HTMLCanvasElement>(null);
	const latest = useRef(shape);
	latest.current = shape;

	useEffect(() => {
		const element = canvas.current;
		if (!element) return;
		const redraw = () => draw(element, latest.current);
		const sizes = new ResizeObserver(redraw);
		sizes.observe(element);
		const dark = matchMedia('(prefers-color-scheme: dark)');
		dark.addEventListener('change', redraw);
		return () => {
			sizes.disconnect();
			dark.removeEventListener('change', redraw);
		};
	}, []);

	const step = Math.round(shape.played * STEPS);
	useEffect(() => {
		if (canvas.current) draw(canvas.current, latest.current);
	}, [shape.peaks, step]);

	return <canvas ref={canvas} className="waveform" aria-hidden="true" />;
}
