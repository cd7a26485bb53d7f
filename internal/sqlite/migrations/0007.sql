-- Facts have words of clientUniqueId, too: see callvault.Facts. The program makes them again, in
-- the same transaction.
DELETE FROM facts;
