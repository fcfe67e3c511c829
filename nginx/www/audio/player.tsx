/*
 * Plays audio: a button, and a waveform with a slider over it. The audio's address is asked for when it is first seen, and
 * again where it has expired.
 */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { formatLength } from '../format';
import { Button } from '../ui/button';
import { cueAt, type Cue } from './captions';
import { loadPeaks } from './peaks';
import { Waveform } from './waveform';

interface PlayerProps {
	/* Resolves to the address. */
	open: () => Promise<string>;
	title: string;
	autoPlay?: boolean;
	captions?: Cue[] | null;
	/* Buttons beside it. */
	children?: ReactNode;
}

/* True once the element was in sight. */
function useSeen(element: React.RefObject<HTMLElement | null>): boolean {
	const [seen, setSeen] = useState(false);
	useEffect(() => {
		if (seen || !element.current) return;
		const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true));
		observer.observe(element.current);
		return () => observer.disconnect();
	}, [element, seen]);
	return seen;
}

function usePeaks(url: string | null, seconds: number): Float32Array | null {
	const [peaks, setPeaks] = useState<Float32Array | null>(null);
	const known = seconds > 0;
	useEffect(() => {
		if (!url || !known || peaks) return;
		const stop = new AbortController();
		/* Without them the player is plainer, and works. */
		loadPeaks(url, seconds, stop.signal).then((loaded) => stop.signal.aborted || setPeaks(loaded), () => {});
		return () => stop.abort();
		// eslint-disable-next-line react-hooks/exhaustive-deps -- the length is only to be known
	}, [url, known]);
	return peaks;
}

export function Player({ open, title, autoPlay = false, captions, children }: PlayerProps) {
	const frame = useRef<HTMLDivElement>(null);
	const audio = useRef<HTMLAudioElement>(null);
	const seen = useSeen(frame);
	const [url, setUrl] = useState<string | null>(null);
	const [length, setLength] = useState(0);
	const [at, setAt] = useState(0);
	const [playing, setPlaying] = useState(false);
	const [failure, setFailure] = useState<string | null>(null);
	const tried = useRef(0);
	const peaks = usePeaks(url, length);

	async function load() {
		try {
			setUrl(await open());
			setFailure(null);
		} catch (error) {
			setFailure(error instanceof Error ? error.message : String(error));
		}
	}

	useEffect(() => {
		if (seen) void load();
		// eslint-disable-next-line react-hooks/exhaustive-deps -- once; a new audio is a new player
	}, [seen]);

	useEffect(() => {
		if (!playing) return;
		let frameId = requestAnimationFrame(function tick() {
			setAt(audio.current?.currentTime ?? 0);
			frameId = requestAnimationFrame(tick);
		});
		return () => cancelAnimationFrame(frameId);
	}, [playing]);

	/* An address that has expired is asked for anew, once. */
	function onError() {
		setPlaying(false);
		if (tried.current++ > 0) return setFailure('The audio cannot be played.');
		void load();
	}

	async function toggle() {
		const element = audio.current;
		if (!element) return;
		if (!element.paused) return element.pause();
		if (failure) await load();
		await element.play().catch(() => {}); /* onError says why */
	}

	function seek(seconds: number) {
		if (audio.current) audio.current.currentTime = seconds;
		setAt(seconds);
	}

	return (
		<div className="player" ref={frame}>
			<div className="player-row">
				<Button className="player-play" kind="primary" icon={playing ? 'pause' : 'play'} iconOnly disabled={!url && !failure} onClick={toggle}>
					{playing ? `Pause ${title}` : `Play ${title}`}
				</Button>
				<div className="player-track">
					<Waveform peaks={peaks} played={length > 0 ? at / length : 0} />
					<input
						type="range"
						min={0}
						max={length || 1}
						step={length > 120 ? 1 : 0.1}
						value={at}
						disabled={length === 0}
						aria-label={`Position in ${title}`}
						aria-valuetext={`${formatLength(at)} of ${formatLength(length)}`}
						onChange={(event) => seek(Number(event.target.value))}
					/>
				</div>
				<span className="fine numbers player-time">
					{formatLength(at)} / {length > 0 ? formatLength(length) : '–:––'}
				</span>
				{children}
			</div>
			{captions && <p className="player-caption">{cueAt(captions, at)}</p>}
			{failure && <p className="field-error">{failure}</p>}
			<audio
				ref={audio}
				preload="metadata"
				src={url ?? undefined}
				autoPlay={autoPlay}
				aria-label={`Audio of ${title}`}
				onLoadedMetadata={(event) => setLength(event.currentTarget.duration)}
				onDurationChange={(event) => Number.isFinite(event.currentTarget.duration) && setLength(event.currentTarget.duration)}
				onPlay={() => setPlaying(true)}
				onPause={() => setPlaying(false)}
				onEnded={() => seek(0)}
				onError={onError}
			/>
		</div>
	);
}
