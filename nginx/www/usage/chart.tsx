/* Columns of billed characters, stacked by provider. Its figures are in the table below it, for those who do not see it. */
import { useLayoutEffect, useRef } from 'react';
import { formatCompact, formatNumber } from '../format';
import { serviceTitle } from '../services';
import { roundUp, type Column, type Series } from './series';

const WIDTH = 720, HEIGHT = 220;
/* The scale stands on the right, beside the latest columns, which are what a narrow screen shows first. */
const LEFT = 12, RIGHT = 44, BOTTOM = 24, TOP = 10;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT, PLOT_HEIGHT = HEIGHT - BOTTOM - TOP;
const LINES = 4;
const MOST_LABELS = 8;
const MOST_BAR = 44;
const COLOURS = 4; /* .series-0 … in usage.css */

function Bar({ column, x, width, scale, providers }: { column: Column; x: number; width: number; scale: number; providers: string[] }) {
	let y = TOP + PLOT_HEIGHT;
	return (
		<g className="chart-column">
			<title>{[column.label, ...providers.map((name, i) => `${serviceTitle(name)}: ${formatNumber(column.billed[i]!)}`)].join('\n')}</title>
			<rect className="chart-target" x={x} y={TOP} width={width} height={PLOT_HEIGHT} />
			{column.billed.map((value, i) => {
				const height = value * scale;
				y -= height;
				return value > 0 && <rect key={providers[i]} className={`chart-bar series-${i % COLOURS}`} x={x} y={y} width={width} height={Math.max(height, 1)} />;
			})}
		</g>
	);
}

export function Chart({ series }: { series: Series }) {
	const { columns, providers } = series;
	const top = roundUp(Math.max(...columns.map(({ total }) => total)));
	const slot = PLOT_WIDTH / columns.length;
	const width = Math.min(slot * 0.7, MOST_BAR);
	const everyNth = Math.ceil(columns.length / MOST_LABELS);
	const scroll = useRef<HTMLDivElement>(null);
	/* Where there is no room for all, the latest are seen first. */
	useLayoutEffect(() => {
		if (scroll.current) scroll.current.scrollLeft = scroll.current.scrollWidth;
	}, [series]);
	const middle = (i: number) => LEFT + slot * (i + 0.5);
	return (
		<figure className="chart">
			<div className="chart-scroll" ref={scroll}>
				<svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Billed characters by ${series.unit}; the table below has the figures`}>
					{Array.from({ length: LINES + 1 }, (_, i) => {
						const y = TOP + (PLOT_HEIGHT * i) / LINES;
						return (
							<g key={i}>
								<line className="chart-line" x1={LEFT} x2={WIDTH - RIGHT} y1={y} y2={y} />
								<text className="chart-text" x={WIDTH - RIGHT + 8} y={y + 4}>
									{formatCompact((top * (LINES - i)) / LINES)}
								</text>
							</g>
						);
					})}
					{columns.map((column, i) => (
						<Bar key={column.key} column={column} x={middle(i) - width / 2} width={width} scale={PLOT_HEIGHT / top} providers={providers} />
					))}
					{columns.map(
						({ key, label }, i) =>
							i % everyNth === 0 && (
								<text key={key} className="chart-text" x={middle(i)} y={HEIGHT - 6} textAnchor="middle">
									{label}
								</text>
							),
					)}
				</svg>
			</div>
			<figcaption className="row fine">
				{providers.map((name, i) => (
					<span key={name} className="row chart-key">
						<span className={`chart-swatch series-${i % COLOURS}`} aria-hidden="true" />
						{serviceTitle(name)}
					</span>
				))}
			</figcaption>
		</figure>
	);
}
