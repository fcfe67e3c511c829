/* Audio that a step made: played through a link of fifteen minutes, asked for when it is shown. */
import { useState } from 'react';
import { get } from '../api';
import { Button } from '../ui/button';
import { toastError } from '../ui/toast';
import { useResource } from '../use-resource';

export function Audio({ audioKey, title }: { audioKey: string; title: string }) {
	const path = `/api/storage/play?key=${encodeURIComponent(audioKey)}`;
	const { data, error } = useResource<{ url: string }>(path);
	const [busy, setBusy] = useState(false);

	/* Fetched as a whole, since a browser only opens what comes from another host. */
	async function download() {
		setBusy(true);
		try {
			const { url } = await get<{ url: string }>(path);
			/* A bucket without CORS lets itself be opened, but not read. */
			const response = await fetch(url).catch(() => null);
			if (!response) return void open(url, '_blank', 'noopener');
			if (!response.ok) throw new Error('The audio could not be fetched. Try again.');
			const link = document.createElement('a');
			link.href = URL.createObjectURL(await response.blob());
			link.download = `${title.replace(/[^\p{L}\p{N}]+/gu, '-') || 'voiceover'}.${audioKey.split('.').pop() ?? 'mp3'}`;
			link.click();
			setTimeout(() => URL.revokeObjectURL(link.href), 1000);
		} catch (failed) {
			toastError(failed);
		} finally {
			setBusy(false);
		}
	}

	if (error) return <p className="fine">The audio could not be opened: {error.message}</p>;
	return (
		<div className="row audio">
			<audio controls preload="metadata" src={data?.url} aria-label={`Audio of ${title}`} />
			<Button size="small" icon="download" busy={busy} onClick={() => void download()}>
				Download
			</Button>
		</div>
	);
}
