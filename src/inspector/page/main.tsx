/**
 * The page's program: takes its token, connects, draws.
 *
 * Owns: wiring. Does not own: anything else.
 */
import { render } from 'preact';
import { placeIn, takeToken } from './address.ts';
import { App } from './app.tsx';
import { HubState } from './hub-state.ts';
import './page.css';

const token = takeToken(location, localStorage, (address) => history.replaceState(null, '', address));
const root = document.getElementById('page');
const { projectId } = placeIn(location.hash);
if (root !== null) render(<App hub={new HubState(location.origin, token, projectId)} />, root);
