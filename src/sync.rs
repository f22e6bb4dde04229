//! The locks and atomics behind which threads meet: std's and tokio's, or
//! loom's, under which every order of events is tried (`npm run test:model`).

#[cfg(not(feature = "model"))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU64},
};

#[cfg(not(feature = "model"))]
pub(crate) use tokio::sync::Notify;

#[cfg(feature = "model")]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU8, AtomicU64},
};

#[cfg(feature = "model")]
pub(crate) use notify::Notify;

#[cfg(feature = "model")]
mod notify {
    use std::future::poll_fn;
    use std::sync::PoisonError;
    use std::task::{Poll, Waker};

    use loom::sync::Mutex;

    /// tokio's Notify, as far as it is used: one waiter, and a permit that
    /// stays until someone takes it.
    #[derive(Debug, Default)]
    pub(crate) struct Notify {
        state: Mutex<(bool, Option<Waker>)>,
    }

    impl Notify {
        pub(crate) fn notify_one(&self) {
            let waker = {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.0 = true;
                state.1.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }

        pub(crate) async fn notified(&self) {
            poll_fn(|context| {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if std::mem::take(&mut state.0) {
                    return Poll::Ready(());
                }
                state.1 = Some(context.waker().clone());
                Poll::Pending
            })
            .await;
        }
    }
}
