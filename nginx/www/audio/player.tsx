/*
 * Plays audio: a button, and a waveform with a slider over it. The audio's address is asked for when it is first seen, and
 * again where it has expired; then it goes on where it was. A player is for one audio: give it a key.
 */
import { useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import { messageOf } from '../api';
import { formatLength } from '../format';
import { Button } from '../ui/button';
import { cueAt, type Cue } from './captions';
import { loadPeaks } from './peaks';
import { Waveform } from './waveform';

/* What is fetched for the waveform alone: as soon as it is seen, and once it was played. */
const SEEN_BYTES = 3 * 1024 * 1024;
const PLAYED_BYTES = 24 * 1024 * 1024;
/* How long an address is taken to be good. */
const FRESH_MS = 60_000;

interface PlayerProps {
	/* Resolves to the address. */
	open: () => Promise<string>;
	title: string;
	/* How long it is, as far as that is known before the audio is there. */
	seconds?: number;
	autoPlay?: boolean;
	captions?: Cue[] | null;
	/* Buttons beside it. */
	children?: ReactNode;
}

/* True once the element was in sight. */
function useSeen(element: RefObject<HTMLElement | null>): boolean {
	const [seen, setSeen] = useState(false);
	useEffect(() => {
		if (seen || !element.current) return;
		const observer = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true));
		observer.observe(element.current);
		return () => observer.disconnect();
	}, [element, seen]);
	return seen;
}

function usePeaks(url: string | null, seconds: number, wasPlayed: boolean): Float32Array | null {
	const [peaks, setPeaks] = useState<Float32Array | null>(null);
	const wanted = url !== null && seconds > 0 && peaks === null;
	useEffect(() => {
		if (!wanted) return;
		const stop = new AbortController();
		/* Without them the player is plainer, and works. */
		loadPeaks(url, seconds, wasPlayed ? PLAYED_BYTES : SEEN_BYTES, stop.signal).then((loaded) => stop.signal.aborted || setPeaks(loaded), () => {});
		return () => stop.abort();
		// eslint-disable-next-line react-hooks/exhaustive-deps -- an address that is renewed is the same audio
	}, [wanted, wasPlayed]);
	return peaks;
}

/* The audio element, its address and what goes wrong with it. */
function useAudio(open: () => Promise<string>, seen: boolean) {
	const audio = useRef<HTMLAudioElement>(null);
	const [url, setUrl] = useState<string | null>(null);
	const [failure, setFailure] = useState<string | null>(null);
	const resume = useRef<{ at: number; play: boolean } | null>(null);
	const askedAt = useRef(0); /* for the address */
	const wanted = useRef(false); /* somebody wants to hear it */

	async function renew(play: boolean) {
		resume.current = { at: resume.current?.at ?? audio.current?.currentTime ?? 0, play };
		askedAt.current = Date.now();
		try {
			const fresh = await open();
			setFailure(null);
			if (fresh === url) audio.current?.load();
			else setUrl(fresh);
		} catch (error) {
			setFailure(messageOf(error));
		}
	}

	useEffect(() => {
		if (seen) void renew(false);
		// eslint-disable-next-line react-hooks/exhaustive-deps -- once
	}, [seen]);

	function toggle() {
		const element = audio.current;
		if (!element) return;
		wanted.current = element.paused;
		if (!element.paused) return element.pause();
		if (failure) return void renew(true);
		void element.play().catch(() => {}); /* onError says why */
	}

	const events = {
		onLoadedMetadata() {
			const element = audio.current;
			if (!element || !resume.current) return;
			const { at, play } = resume.current;
			resume.current = null;
			if (at > 0) element.currentTime = at;
			if (play) void element.play().catch(() => {});
		},
		onPause() {
			wanted.current = false;
		},
		/* An address may have expired: it is asked for anew. One that is new should work. */
		onError() {
			if (Date.now() - askedAt.current < FRESH_MS) return setFailure('The audio cannot be played.');
			void renew(wanted.current);
		},
	};
	return { audio, url, failure, toggle, events };
}

export function Player({ open, title, seconds = 0, autoPlay = false, captions, children }: PlayerProps) {
	const frame = useRef<HTMLDivElement>(null);
	const { audio, url, failure, toggle, events } = useAudio(open, useSeen(frame));
	const [length, setLength] = useState(0);
	const [at, setAt] = useState(0);
	const [playing, setPlaying] = useState(false);
	const [wasPlayed, setWasPlayed] = useState(false);
	const peaks = usePeaks(url, length, wasPlayed);

	useEffect(() => {
		if (!playing) return;
		let frameId = requestAnimationFrame(function tick() {
			setAt(audio.current?.currentTime ?? 0);
			frameId = requestAnimationFrame(tick);
		});
		return () => cancelAnimationFrame(frameId);
	}, [audio, playing]);

	function seek(to: number) {
		if (audio.current) audio.current.currentTime = to;
		setAt(to);
	}

	function learnLength() {
		const measured = audio.current?.duration ?? 0;
		if (Number.isFinite(measured)) setLength(measured);
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
					{formatLength(at)} / {length || seconds ? formatLength(length || seconds) : '–:––'}
				</span>
				{children}
			</div>
			{captions && <p className="player-caption">{cueAt(captions, at)}</p>}
			{failure && (
				<p className="field-error" role="alert">
					{failure}
				</p>
			)}
			<audio
				ref={audio}
				preload="metadata"
				src={url ?? undefined}
				autoPlay={autoPlay && !wasPlayed}
				aria-label={`Audio of ${title}`}
				onError={events.onError}
				onLoadedMetadata={() => {
					learnLength();
					events.onLoadedMetadata();
				}}
				onDurationChange={learnLength}
				onPlay={() => {
					setPlaying(true);
					setWasPlayed(true);
				}}
				onPause={() => {
					setPlaying(false);
					events.onPause();
				}}
				onEnded={() => seek(0)}
			/>
		</div>
	);
}
